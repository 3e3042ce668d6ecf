#!/usr/bin/env python3
"""The expert schedules with tiles for sixteen vector registers of eight lanes.

The traces of ../shared/design/schedules fill thirty-two registers. Each form here is the same trace
with other numbers: a tile of `rows` x `vectors` is the largest that the register estimate allows,

    rows * vectors + vectors loaded + 1 broadcast <= 16        (two vectors: 6 rows, three: 4)

among them the one that wastes least at the edges. Channel blocks stay sixteen wide: one block is
two vectors. Where a tile does not divide its loop, that loop is cut into copies (an Annotate step
more). What is no tile of products but a window or a transform (07, 13) takes one vector at a time;
the loop over the two halves of a block is directly around it, so that cache lines are used whole.

usage: fitted.py SCHEDULES_FOLDER OUTPUT_FOLDER      writes NAME.json for each schedule
"""

import json
import pathlib
import sys

REGISTERS = 16


def rows(vectors):
    """Rows of the largest tile that is `vectors` wide."""
    return (REGISTERS - 1 - vectors) // vectors


class Trace:
    """Steps of a trace; every edit fails when it does not find what it changes."""

    def __init__(self, text):
        self.steps, self.decisions = json.loads(text)

    def text(self):
        return json.dumps([self.steps, self.decisions])

    def index(self, kind, name):
        """Of the one step of this kind that takes `name` first, else of the one that makes it."""
        steps = [(i, step) for i, step in enumerate(self.steps) if step[0] == kind]
        found = [i for i, step in steps if step[1][:1] == [name]]
        found = found or [i for i, step in steps if name in step[3]]
        if len(found) != 1:
            raise LookupError(f"{kind} of {name}: {len(found)} steps")
        return found[0]

    def split(self, loop, *factors):
        step = self.steps[self.index("Split", loop)]
        if len(step[1]) != 2 + len(factors):
            raise LookupError(f"Split of {loop}: {step[1]}")
        step[1][2:] = factors

    def layout(self, block, old, new):
        """Another panel width: the constant `old` of the index map."""
        step = self.steps[self.index("TransformLayout", block)]
        before, after = (f'\\"type\\":\\"int\\",\\"data\\":{n}}}' for n in (old, new))
        text = json.dumps(step[1][1])
        if text.count(before) != 1:
            raise LookupError(f"TransformLayout of {block}: no constant {old}")
        step[1][1] = json.loads(text.replace(before, after))

    def halve(self, loop, outer, inner):
        """Splits a vectorized loop of sixteen before it is reordered."""
        at = next(i for i, step in enumerate(self.steps)
                  if step[0] == "Reorder" and loop in step[1])
        self.insert(at, split_step(loop, 8, outer, inner))
        self.steps[self.index("Vectorize", loop)][1] = [inner]

    def at(self, kind, block, loop):
        self.steps[self.index(kind, block)][1][1] = loop

    def reorder(self, old, new):
        self.steps[self.index("Reorder", old[0])][1][:] = new

    def drop(self, kind, name):
        del self.steps[self.index(kind, name)]

    def without_loop(self, name):
        """A loop of one trip that GetLoops does not see any more."""
        self.drop("Unroll", name)
        self.steps[self.index("GetLoops", name)][3].remove(name)

    def insert(self, at, *steps):
        self.steps[at:at] = [list(step) for step in steps]

    def tails(self, *loops):
        for loop in loops:
            self.steps.append(["Annotate", [loop, True], ["pragma_loop_partition_hint"], []])


def split_step(loop, factor, outer, inner):
    return ["Split", [loop, "None", factor], [True, False], [outer, inner]]


def gemm_128x768x768(t):
    """4x24: both divide."""
    t.layout("b0", 48, 24)
    t.split("l2", rows(3))
    t.split("l3", 3, 8)
    t.split("l13", 8)


def gemm_1024(t):
    """6x16; eleven tiles a block of packed rows."""
    t.layout("b0", 32, 16)
    t.split("l3", 64, 2, 8)
    t.split("l2", 11 * rows(2))
    t.split("l10", rows(2))
    t.split("l25", 8)
    t.tails("l9", "l11")


def gemm_333x517x291(t):
    """6x16 and its tail copies."""
    t.layout("b0", 48, 16)
    t.split("l5", rows(2))
    t.split("l6", 2, 8)
    t.split("l16", 8)


def conv3x3(t):
    """2x3 pixels and one channel block: the last tile of a row, 2x2, still fills both FMA units.

    The weights of one block serve two rows of pixels: all blocks together are more than L2."""
    t.layout("b0", 32, 16)
    t.split("l3", 1)
    t.split("l5", rows(2) // 2)
    t.reorder(["l12"], ["l12", "l10", "l14", "l16", "l8", "l9", "l17", "l13", "l15", "l11", "l6"])
    t.at("ReverseComputeAt", "b1", "l14")
    t.without_loop("l21")
    t.tails("l14")


def conv1x1(t):
    """2x3 pixels, as conv3x3: six pixels do not divide a row, so rows are not fused."""
    t.layout("b0", 32, 16)
    at = t.index("Fuse", "l3")
    t.drop("Fuse", "l3")
    t.drop("Split", "l7")
    t.drop("Split", "l10")
    t.insert(at, split_step("l3", 2, "l14", "l10"), split_step("l4", rows(2) // 2, "l15", "l11"))
    t.split("l2", 1)
    t.reorder(["l14"], ["l14", "l8", "l15", "l12", "l13", "l10", "l11", "l9", "l5"])
    t.insert(t.index("Unroll", "l11"), ["Unroll", ["l10"], [], []])
    t.tails("l15")


def conv7x7(t):
    """Six pixels and one channel block; kx is a loop, since its shared inputs would spill."""
    t.layout("b0", 32, 16)
    t.split("l3", 1)
    t.split("l5", rows(2))
    t.drop("Unroll", "l9")
    t.without_loop("l19")
    t.steps += [split_step("l35", 8, "l36", "l37"), ["Vectorize", ["l37"], [], []]]
    t.tails("l12", "l36")


def depthwise(t):
    """Eight pixels of eight channels; weights are read where they are used."""
    for kind, name in (("CacheRead", "b19"), ("ComputeAt", "b19"), ("Vectorize", "l23"),
                       ("Unroll", "l21"), ("Unroll", "l22")):
        t.drop(kind, name)
    t.drop("GetLoops", "b19")
    t.split("l4", 1)
    t.split("l5", 8)
    t.halve("l6", "l30", "l31")
    t.reorder(["l3"], ["l3", "l9", "l11", "l30", "l7", "l8", "l10", "l12", "l31"])
    t.at("ReverseComputeAt", "b1", "l30")
    t.steps[t.index("GetLoops", "l13")][3][3] = "l32"
    t.drop("Unroll", "l16")


def gemv(t):
    """Sixty-four columns a panel: eight accumulators and a broadcast."""
    t.layout("b0", 256, 64)
    t.split("l3", 8, 8)
    t.split("l10", 8)


def max_pool(t):
    """Four pixels of two vectors: eight results, and room for the inputs they share."""
    t.split("l5", 4)


def winograd_f2(t):
    """Tiles of six transformed pixels and sixteen channels; transforms of eight."""
    t.layout("b3", 32, 16)
    t.split("l21", rows(2))
    t.split("l22", 1, 16)
    t.tails("l24")
    t.halve("l45", "l81", "l82")
    t.reorder(["l44"], ["l44", "l43", "l81", "l41", "l42", "l46", "l82"])
    t.at("ComputeAt", "b5", "l81")
    t.steps[t.index("GetLoops", "b5")][3].insert(3, "l83")
    winograd_inverse(t)


def winograd_f4(t):
    """Tiles of 2x3 transformed pixels and sixteen channels; transforms of eight."""
    t.layout("b3", 32, 16)
    t.drop("Fuse", "l21")
    t.steps[t.index("Split", "l25")] = split_step("l22", rows(2) // 2, "l26", "l27")
    t.split("l23", 1, 16)
    t.reorder(["l19"], ["l19", "l20", "l28", "l26", "l24", "l21", "l27", "l29", "l30"])
    t.steps[t.index("GetLoops", "b31")][3].insert(5, "l80")
    t.insert(t.index("Unroll", "l27"), ["Unroll", ["l80"], [], []], ["Unroll", ["l21"], [], []])
    t.tails("l26")
    t.halve("l48", "l81", "l82")
    t.reorder(["l47"], ["l47", "l45", "l46", "l81", "l43", "l44", "l49", "l82"])
    t.at("ComputeAt", "b5", "l81")
    t.steps[t.index("GetLoops", "b5")][3].insert(4, "l83")
    winograd_inverse(t)


def winograd_inverse(t):
    t.halve("l11", "l84", "l85")
    t.reorder(["l16"], ["l16", "l17", "l8", "l14", "l84", "l13", "l15", "l85"])
    for block in ("b1", "b2"):
        t.at("ComputeAt", block, "l84")
        t.steps[t.index("GetLoops", block)][3].insert(4, "l9" + block)


FORMS = {
    "01_gemm_128x768x768": gemm_128x768x768,
    "02_gemm_1024": gemm_1024,
    "03_gemm_333x517x291": gemm_333x517x291,
    "04_conv3x3_64_56": conv3x3,
    "05_conv1x1_64_256_56": conv1x1,
    "06_conv7x7s2_3_64_224": conv7x7,
    "07_depthwise_144_56": depthwise,
    "08_gemv_4096": gemv,
    "11_maxpool_64_112": max_pool,
    "13_winograd_f2_64_56": winograd_f2,
    "13_winograd_f4_64_56": winograd_f4,
}


def write(schedules, output):
    """Writes NAME.json for each schedule; one without a form of its own keeps its trace."""
    output.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path.parent for path in schedules.glob("*/trace.json")):
        trace = Trace((folder / "trace.json").read_text())
        if folder.name in FORMS:
            FORMS[folder.name](trace)
        (output / f"{folder.name}.json").write_text(trace.text())


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
