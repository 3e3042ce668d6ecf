#!/usr/bin/env python3
"""Writes the expert schedules with tiles for sixteen vector registers of eight lanes.

The tiles of ../shared/design/schedules fill thirty-two registers; here each tile keeps
tile vectors + loaded vectors + 1 <= 16. One file a kernel, with its work on the first line:
    # macs N     or     # bytes N

usage: avx2.py FOLDER
"""
import os
import sys

GEMM = '''# macs {macs}
# from tvm.script import tirx as T
@T.prim_func(s_tir=True)
def main(A: T.Buffer(({M}, {K}), "float32"),
         B: T.Buffer(({panels}, {K}, {nr}), "float32"),
         bias: T.Buffer(({N},), "float32"),
         D: T.Buffer(({M}, {N}), "float32")):
    T.func_attr({{"layout_free_buffers": [1], "tirx.noalias": True}})
    # with T.sblock("root"):
    C_local = T.sblock_alloc_buffer(({M}, {N}), scope="local")
    for j_0 in T.serial({panels}, annotations={{"tails": "copies"}}):
        for i_0 in T.serial({rows}, annotations={{"tails": "copies"}}):
            for i_1_init in T.unroll({mr}):
                for j_1_init in T.unroll({nv}):
                    for j_2_init in T.vectorized(8):
                        with T.sblock("C_init"):
                            vi = T.axis.spatial({M}, i_0 * {mr} + i_1_init)
                            vj = T.axis.spatial({N}, j_0 * {nr} + j_1_init * 8 + j_2_init)
                            T.where(i_0 * {mr} + i_1_init < {M})
                            C_local[vi, vj] = T.float32(0.0)
            for k in range({K}):
                for i_1 in T.unroll({mr}):
                    for j_1 in T.unroll({nv}):
                        for j_2 in T.vectorized(8):
                            with T.sblock("C_update"):
                                vi = T.axis.spatial({M}, i_0 * {mr} + i_1)
                                vj = T.axis.spatial({N}, j_0 * {nr} + j_1 * 8 + j_2)
                                vk = T.axis.reduce({K}, k)
                                T.where(i_0 * {mr} + i_1 < {M})
                                C_local[vi, vj] = C_local[vi, vj] + A[
                                    vi, vk] * B[vj // {nr}, vk, vj % {nr}]
            for ax0 in T.unroll({mr}):
                for ax1_0 in T.unroll({nv}):
                    for ax1_1 in T.vectorized(8):
                        with T.sblock("D"):
                            vi = T.axis.spatial({M}, i_0 * {mr} + ax0)
                            vj = T.axis.spatial({N}, j_0 * {nr} + ax1_0 * 8 + ax1_1)
                            T.where(i_0 * {mr} + ax0 < {M} and
                                    j_0 * {nr} + ax1_0 * 8 + ax1_1 < {N})
                            D[vi, vj] = T.max(C_local[vi, vj] + bias[vj], T.float32(0.0))
'''

# 3x3, 64 -> 64 channels at 56 x 56: tile of six pixels of a row and two vectors; one block
# of weights serves a whole row.
CONV3X3 = '''# macs 115605504
# from tvm.script import tirx as T
@T.prim_func(s_tir=True)
def main(X: T.Buffer((4, 56, 56, 16), "float32"),
         Wt: T.Buffer((4, 4, 3, 3, 16, 16), "float32"),
         bias: T.Buffer((4, 16), "float32"),
         R: T.Buffer((4, 56, 56, 16), "float32"),
         Y: T.Buffer((4, 56, 56, 16), "float32")):
    T.func_attr({"layout_free_buffers": [1], "tirx.noalias": True})
    # with T.sblock("root"):
    P = T.sblock_alloc_buffer((4, 58, 58, 16))
    C_local = T.sblock_alloc_buffer((4, 56, 56, 16), scope="local")
    for cb, y, x in T.grid(4, 58, 58):
        for c in T.vectorized(16):
            with T.sblock("pad"):
                vb, vy, vx, vc = T.axis.remap("SSSS", [cb, y, x, c])
                P[vb, vy, vx, vc] = T.if_then_else(
                    1 <= vy and vy < 57 and 1 <= vx and vx < 57,
                    X[vb, vy - 1, vx - 1, vc], T.float32(0.0))
    for y in range(56):
        for ob in range(4):
            for x_0 in T.serial(10, annotations={"tails": "copies"}):
                for x_1 in T.unroll(6):
                    for oc in T.vectorized(16):
                        with T.sblock("init"):
                            vo, vy, vc = T.axis.remap("SSS", [ob, y, oc])
                            vx = T.axis.spatial(56, x_0 * 6 + x_1)
                            T.where(x_0 * 6 + x_1 < 56)
                            C_local[vo, vy, vx, vc] = T.float32(0.0)
                for ic_0, ky, kx, ic_1 in T.grid(4, 3, 3, 16):
                    for x_1 in T.unroll(6):
                        for oc in T.vectorized(16):
                            with T.sblock("update"):
                                vo, vy, vc = T.axis.remap("SSS", [ob, y, oc])
                                vx = T.axis.spatial(56, x_0 * 6 + x_1)
                                vi, vp, vq, vj = T.axis.remap("RRRR", [ic_0, ky, kx, ic_1])
                                T.where(x_0 * 6 + x_1 < 56)
                                C_local[vo, vy, vx, vc] = C_local[vo, vy, vx, vc] + P[
                                    vi, vy + vp, vx + vq, vj] * Wt[vo, vi, vp, vq, vj, vc]
                for x_1 in T.unroll(6):
                    for oc in T.vectorized(16):
                        with T.sblock("out"):
                            vo, vy, vc = T.axis.remap("SSS", [ob, y, oc])
                            vx = T.axis.spatial(56, x_0 * 6 + x_1)
                            T.where(x_0 * 6 + x_1 < 56)
                            Y[vo, vy, vx, vc] = T.max(C_local[vo, vy, vx, vc] + bias[vo, vc] + R[
                                vo, vy, vx, vc], T.float32(0.0))
'''

# 64 -> 256 channels on 3136 pixels: tile of six pixels and two vectors, blocks of two.
CONV1X1 = '''# macs 51380224
# from tvm.script import tirx as T
@T.prim_func(s_tir=True)
def main(X: T.Buffer((4, 3136, 16), "float32"),
         Wt: T.Buffer((16, 4, 16, 16), "float32"),
         bias: T.Buffer((16, 16), "float32"),
         Y: T.Buffer((16, 3136, 16), "float32")):
    T.func_attr({"layout_free_buffers": [1], "tirx.noalias": True})
    # with T.sblock("root"):
    C_local = T.sblock_alloc_buffer((16, 3136, 16), scope="local")
    for f_0 in T.serial(523, annotations={"tails": "copies"}):
        for ob in range(16):
            for f_1 in T.unroll(6):
                for oc in T.vectorized(16):
                    with T.sblock("init"):
                        vo, vc = T.axis.remap("SS", [ob, oc])
                        vf = T.axis.spatial(3136, f_0 * 6 + f_1)
                        T.where(f_0 * 6 + f_1 < 3136)
                        C_local[vo, vf, vc] = T.float32(0.0)
            for ic_0, ic_1 in T.grid(4, 16):
                for f_1 in T.unroll(6):
                    for oc in T.vectorized(16):
                        with T.sblock("update"):
                            vo, vc = T.axis.remap("SS", [ob, oc])
                            vf = T.axis.spatial(3136, f_0 * 6 + f_1)
                            vi, vj = T.axis.remap("RR", [ic_0, ic_1])
                            T.where(f_0 * 6 + f_1 < 3136)
                            C_local[vo, vf, vc] = C_local[vo, vf, vc] + X[
                                vi, vf, vj] * Wt[vo, vi, vj, vc]
            for f_1 in T.unroll(6):
                for oc in T.vectorized(16):
                    with T.sblock("out"):
                        vo, vc = T.axis.remap("SS", [ob, oc])
                        vf = T.axis.spatial(3136, f_0 * 6 + f_1)
                        T.where(f_0 * 6 + f_1 < 3136)
                        Y[vo, vf, vc] = T.max(C_local[vo, vf, vc] + bias[vo, vc], T.float32(0.0))
'''


def gemm(m, n, k, mr, nv):
    nr = nv * 8
    return GEMM.format(M=m, N=n, K=k, mr=mr, nv=nv, nr=nr, macs=m * n * k,
                       rows=-(-m // mr), panels=-(-n // nr))


KERNELS = {
    "01_gemm_6x16": gemm(128, 768, 768, 6, 2),
    "01_gemm_4x24": gemm(128, 768, 768, 4, 3),
    "03_gemm_tails_6x16": gemm(333, 517, 291, 6, 2),
    "04_conv3x3_6x16": CONV3X3,
    "05_conv1x1_6x16": CONV1X1,
}

if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, text in KERNELS.items():
        with open(os.path.join(sys.argv[1], name + ".py"), "w") as file:
            file.write(text)
