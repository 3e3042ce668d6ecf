#!/usr/bin/env python3
"""Speed of expert schedules through Tenon's own lowering, beside a probe in the same process.

  scripts/bench_schedules.py [DIR] [--only PATTERN]

DIR (default ../shared/design/schedules) holds one folder a schedule, each with scheduled.py.
Compute-bound ones print their share of the FMA probe, memory-bound ones GB/s beside a read loop
over as many bytes. Exit 1 when one of them fails, 2 when there is none.
"""

import argparse
import fnmatch
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bench_schedules"

# Folder -> (what bounds it, how much: multiply-adds or bytes moved, aim).
FLOAT = 4
SCHEDULES = {
    "01_gemm_128x768x768": ("--macs", 128 * 768 * 768, "93 %"),
    "03_gemm_333x517x291": ("--macs", 333 * 517 * 291, "93 %"),
    "04_conv3x3_64_56": ("--macs", 56 * 56 * 64 * 64 * 9, "93 %"),
    "05_conv1x1_64_256_56": ("--macs", 56 * 56 * 64 * 256, "93 %"),
    "06_conv7x7s2_3_64_224": ("--macs", 112 * 112 * 64 * 3 * 49, "93 %"),
    "07_depthwise_144_56": ("--bytes", FLOAT * 2 * 144 * 56 * 56, "read loop"),
    "08_gemv_4096": ("--bytes", FLOAT * 4096 * 4096, "read loop"),
    "11_maxpool_64_112": ("--bytes", FLOAT * 64 * (112 * 112 + 56 * 56), "read loop"),
    "12_gap_2048_7": ("--bytes", FLOAT * 2048 * (7 * 7 + 1), "read loop"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=ROOT.parent / "shared/design/schedules")
    parser.add_argument("--only", default="*", help="schedules to run, with * and ?")
    arguments = parser.parse_args()
    found = [name for name in SCHEDULES if fnmatch.fnmatch(name, arguments.only)
             and (arguments.folder / name / "scheduled.py").is_file()]
    if not found:
        print(f"error: no schedule in {arguments.folder} for {arguments.only}", file=sys.stderr)
        return 2
    failed = 0
    for name in found:
        option, amount, aim = SCHEDULES[name]
        command = [PROGRAM, f"{name}/scheduled.py", option, str(amount)]
        done = subprocess.run(command, cwd=arguments.folder, text=True, capture_output=True,
                              check=False)
        text = done.stdout.strip() if done.returncode == 0 else f"{name}: {done.stderr.strip()}"
        print(f"{text}  (aim: {aim})", flush=True)
        failed += done.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
