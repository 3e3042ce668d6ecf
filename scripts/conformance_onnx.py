#!/usr/bin/env python3
"""Compiles every ONNX model below a folder and compares its results with the stored outputs.

  scripts/conformance_onnx.py DIR [--only PATTERN] [--jobs N] [--program build/release/tenon]

Prints KIND passed/total for each kind of case, then the failing names with the reason. Exit 1 when
a case fails, 2 when there is none.

A case of the ONNX standard whose shapes, axes or bounds are inputs is compiled a second time with
those inputs as constants; the summary says how many passed that way.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from conformance.cases import find_cases
from conformance.freeze import freeze
from conformance.npz import largest_magnitude, tensor_floats
from models import inputs, onnx, seeded

TIMEOUT_S = 600
RELATIVE = 1e-3
ABSOLUTE_SHARE = 1e-4  # of the largest reference value
STANDARD_ABSOLUTE = 1e-7


@dataclasses.dataclass
class Result:
    case: object
    step: str = "pass"  # or where it failed: compile, unsupported, run, mismatch, timeout, crash
    reason: str = ""
    is_frozen: bool = False  # passed with inputs as constants


def run(command):
    """(exit code or None after the time limit, what it wrote to standard error)."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              errors="replace", timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return None, f"no end after {TIMEOUT_S} s"
    return done.returncode, done.stderr + done.stdout


def reason_of(text):
    """The line of a program's messages that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    operators = re.findall(r'^ *node ".*" \((\w+)\), domain (\S+), opset', text, re.MULTILINE)
    if operators:
        names = {name if domain == "ai.onnx" else f"{domain}.{name}" for name, domain in operators}
        return "operators " + ", ".join(sorted(names))
    errors = [line for line in lines if re.search(r"error|mismatch|differ", line, re.IGNORECASE)]
    return (errors or lines or ["no message"])[0][:200]


def failed_step(code, text, step):
    if code is None:
        return "timeout"
    if code < 0 or code >= 128:
        return "crash"
    is_refused = step == "compile" and re.search("unsupported|not supported", text)
    return "unsupported" if is_refused else step


def write_ramp(model, path):
    """The input that the ONNX standard's light models were evaluated on: 0, 1/n, 2/n, ..."""
    ramps = []
    for name, data_type, dims in inputs.model_inputs(model.read_bytes()):
        count = onnx.num_elements(dims)
        ramps.append((name, data_type, dims, seeded.ramp(count)))
    inputs.write_npz(path, ramps)


def run_commands(case, program, library, folder):
    """The `tenon run` commands that must all succeed."""
    base = [program, "run", library, "--rtol", RELATIVE]
    for given, expected in case.npz_sets:
        absolute = ABSOLUTE_SHARE * largest_magnitude(expected)
        yield [*base, "--atol", absolute, "--input", given, "--expect", expected]
    for data_set in case.data_sets:
        yield [*base, "--atol", STANDARD_ABSOLUTE, "--test-data", data_set]
    if case.light_output:
        ramp, expected = folder / "ramp.npz", folder / "expected.npz"
        write_ramp(case.model, ramp)
        values = tensor_floats(case.light_output.read_bytes())
        dims = inputs.model_outputs(case.model.read_bytes())[0][2]
        inputs.write_npz(expected, [("arr_0", onnx.FLOAT, dims, values)])
        absolute = ABSOLUTE_SHARE * max(map(abs, values))
        yield [*base, "--atol", absolute, "--input", ramp, "--expect", expected]


def compile_case(case, program, library, folder):
    """(case, exit code, messages): the case as it was compiled, with inputs frozen where needed."""
    code, text = run([program, "compile", case.model, "-o", library])
    if code == 0 or not re.search(r"must be .*(known|constant)", text) or len(case.data_sets) != 1:
        return case, code, text
    frozen = freeze(case.model.read_bytes(), case.data_sets[0], folder)
    if frozen is None:
        return case, code, text
    changed = dataclasses.replace(case, model=frozen[0], data_sets=[frozen[1]])
    return changed, *run([program, "compile", changed.model, "-o", library])


def run_case(case, program):
    with tempfile.TemporaryDirectory(prefix="conformance.") as name:
        folder = pathlib.Path(name)
        library = folder / "model.so"
        compiled, code, text = compile_case(case, program, library, folder)
        if code != 0:
            return Result(case, failed_step(code, text, "compile"), reason_of(text))
        for command in run_commands(compiled, program, library, folder):
            code, text = run(command)
            if code != 0:
                step = failed_step(code, text, "run" if code == 2 else "mismatch")
                return Result(case, step, reason_of(text))
        return Result(case, is_frozen=compiled is not case)


def print_summary(results):
    """Returns whether all passed."""
    kinds = collections.defaultdict(list)
    for result in results:
        kinds[result.case.kind].append(result)
    for kind, members in sorted(kinds.items()):
        passed = sum(result.step == "pass" for result in members)
        frozen = sum(result.is_frozen for result in members)
        note = f" ({frozen} with inputs as constants)" if frozen else ""
        print(f"{kind} {passed}/{len(members)}{note}")
    failed = [result for result in results if result.step != "pass"]
    for result in failed:
        print(f"  {result.step:12} {result.case.name}: {result.reason}")
    steps = collections.Counter(result.step for result in failed)
    print(f"total {len(results) - len(failed)}/{len(results)}"
          + "".join(f", {step} {count}" for step, count in sorted(steps.items())))
    return not failed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="*", help="names to run, with * and ?")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--program", type=pathlib.Path, default=pathlib.Path("build/release/tenon"))
    arguments = parser.parse_args()
    cases = [case for case in find_cases(arguments.folder)
             if fnmatch.fnmatch(case.name, arguments.only)]
    if not cases:
        print(f"error: no case in {arguments.folder} for {arguments.only}", file=sys.stderr)
        return 2
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda case: run_case(case, arguments.program.resolve()), cases))
    return 0 if print_summary(results) else 1


if __name__ == "__main__":
    sys.exit(main())
