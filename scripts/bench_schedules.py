#!/usr/bin/env python3
"""Speed of expert schedules through Tenon's own lowering, beside probes that run in turns.

  scripts/bench_schedules.py [DIR] [--only PATTERN] [--form given|fitted|both]

DIR (default ../shared/design/schedules) holds one folder a schedule: workload.py and trace.json.
The traces fill thirty-two vector registers. On a machine with sixteen, each is also measured in
its fitted form: the same trace with smaller tiles (tests/bench/schedules/fitted.py). The default
form is the one that is meant for this machine.

A line: schedule, form, speed, share of its limit, aim, reached or not, time to compile. What is
bound by arithmetic has the FMA probe as its limit; what is bound by memory, the slower of a read
loop over as many bytes and the probe for its multiply-adds. docs/kernels.md says more.
Exit 1 when a schedule fails, 2 when there is none; a missed aim is reported, not an error.
"""

import argparse
import fnmatch
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bench_schedules"
sys.path.insert(0, str(ROOT / "tests/bench/schedules"))
import fitted  # noqa: E402

FLOAT = 4
COMPILE_MEDIAN_MS, COMPILE_MAX_MS = 15, 150

# Folder -> (multiply-adds, bytes that must move, aim in percent of the limit). No bytes: bound by
# arithmetic. Winograd is counted as the direct convolution it replaces.
DIRECT = 56 * 56 * 64 * 64 * 9
SCHEDULES = {
    "01_gemm_128x768x768": (128 * 768 * 768, 0, 93),
    "02_gemm_1024": (1024**3, 0, 92),
    "03_gemm_333x517x291": (333 * 517 * 291, 0, 93),
    "04_conv3x3_64_56": (DIRECT, 0, 93),
    "05_conv1x1_64_256_56": (56 * 56 * 64 * 256, 0, 93),
    "06_conv7x7s2_3_64_224": (112 * 112 * 64 * 3 * 49, 0, 93),
    "07_depthwise_144_56": (144 * 9 * 56 * 56, FLOAT * 2 * 144 * 56 * 56, 77),
    "08_gemv_4096": (4096 * 4096, FLOAT * 4096 * 4096, 95),
    "09_softmax_1536x128": (0, FLOAT * 2 * 1536 * 128, None),
    "10_layernorm_128x768": (0, FLOAT * 2 * 128 * 768, None),
    "11_maxpool_64_112": (0, FLOAT * 64 * (112 * 112 + 56 * 56), 95),
    "12_gap_2048_7": (0, FLOAT * 2048 * (7 * 7 + 1), 85),
    "13_winograd_f2_64_56": (DIRECT, 0, 170),
    "13_winograd_f4_64_56": (DIRECT, 0, 270),
}


def run_program(*arguments):
    """Its words and numbers, or the error it prints."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        return None, done.stderr.strip()
    words = done.stdout.split()
    return dict(zip(words[::2], map(float, words[1::2]))), ""


def share_of_limit(found, macs, num_bytes):
    """Speed over the limit, and what limits."""
    if not num_bytes:
        return found["gflops"] / found["fma_gflops"], "FMA probe"
    shares = {"read loop": found["gbytes"] / found["read_gbytes"]}
    if macs:
        shares["FMA probe"] = found["gflops"] / found["fma_gflops"]
    limit = max(shares, key=shares.get)
    return shares[limit], limit


def line(name, form, found):
    macs, num_bytes, aim = SCHEDULES[name]
    share, limit = share_of_limit(found, macs, num_bytes)
    speed = (f"{found['gbytes']:7.1f} GB/s   " if num_bytes else f"{found['gflops']:7.1f} GFLOP/s")
    verdict = "no aim"
    if aim is not None:
        verdict = f"aim {aim} %, {'reached' if 100 * share >= aim else 'NOT reached'}"
    return (f"{name:24} {form:6} {found['us']:9.1f} us {speed} {100 * share:6.1f} % of {limit:9}"
            f"  {verdict:22} compiled in {found['build_ms']:.1f} ms")


def compile_times(times):
    median, longest = statistics.median(times), max(times)
    good = median <= COMPILE_MEDIAN_MS and longest <= COMPILE_MAX_MS
    return (f"compile time: median {median:.1f} ms, longest {longest:.1f} ms (aim "
            f"{COMPILE_MEDIAN_MS} and {COMPILE_MAX_MS}, {'reached' if good else 'NOT reached'})")


def bench(folder, names, forms):
    """Prints a line a schedule; the number of schedules that fail."""
    failed, times = 0, []
    with tempfile.TemporaryDirectory() as made:
        fitted.write(folder, pathlib.Path(made))
        for name in names:
            macs, num_bytes, _ = SCHEDULES[name]
            for form in forms:
                trace = folder / name / "trace.json"
                if form == "fitted":
                    trace = pathlib.Path(made) / f"{name}.json"
                found, error = run_program(folder / name / "workload.py", trace, "--macs", macs,
                                           "--bytes", num_bytes)
                print(line(name, form, found) if found else f"{name} {form}: {error}", flush=True)
                failed += not found
                if found:
                    times.append(found["build_ms"])
    if times:
        print(compile_times(times))
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=ROOT.parent / "shared/design/schedules")
    parser.add_argument("--only", default="*", help="schedules to run, with * and ?")
    parser.add_argument("--form", choices=["given", "fitted", "both"],
                        help="the traces as they are, or with tiles for sixteen registers")
    arguments = parser.parse_args()
    names = [name for name in SCHEDULES if fnmatch.fnmatch(name, arguments.only)
             and (arguments.folder / name / "trace.json").is_file()]
    if not names:
        print(f"error: no schedule in {arguments.folder} for {arguments.only}", file=sys.stderr)
        return 2
    machine, error = run_program("--machine")
    if not machine:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{machine['registers']:.0f} vector registers of {machine['lanes']:.0f} floats")
    form = arguments.form or ("given" if machine["registers"] >= 32 else "fitted")
    return 1 if bench(arguments.folder, names, ["given", "fitted"] if form == "both" else [form]) \
        else 0


if __name__ == "__main__":
    sys.exit(main())
