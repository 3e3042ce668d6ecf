"""Times libraries and ONNX Runtime in turn in this process, on one thread of one core.

JSON in, JSON out; run by scripts/bench_models.py with a Python that has numpy and onnxruntime:
  measure.py '{"model": ONNX, "inputs": NPZ, "libraries": {NAME: SO}, "seconds": S}'
"""

import json
import os
import pathlib
import statistics
import sys
import time

import numpy
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from bench.tenon_model import CompiledModel  # noqa: E402  (the path is set above)

PEER = "onnxruntime"
MIN_ROUNDS = 15
WARM_UP_RUNS = 3
SLICE_S = 0.05  # of each contender in each round


def onnxruntime_session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def slice_time(run, repeats):
    """The smallest time of `repeats` runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def measure(contenders, seconds):
    """name -> times, one a round; contenders take turns, and each round starts with another one."""
    repeats = {}
    for name, run in contenders.items():
        for _ in range(WARM_UP_RUNS):
            run()
        repeats[name] = max(1, min(1000, int(SLICE_S / slice_time(run, 2))))
    names = list(contenders)
    times = {name: [] for name in names}
    deadline = time.perf_counter() + seconds
    round_index = 0
    while round_index < MIN_ROUNDS or time.perf_counter() < deadline:
        for offset in range(len(names)):
            name = names[(round_index + offset) % len(names)]
            times[name].append(slice_time(contenders[name], repeats[name]))
        round_index += 1
    return times


def summary(times, reference, outputs):
    ratios = sorted(mine / peer for mine, peer in zip(times, reference["times"]))
    errors = [float(numpy.max(numpy.abs(mine - theirs) / max(numpy.max(numpy.abs(theirs)), 1e-30)))
              for mine, theirs in zip(outputs, reference["outputs"])]
    return {"median_s": statistics.median(times), "best_s": min(times),
            "ratio": statistics.median(ratios), "ratio_low": ratios[len(ratios) // 4],
            "ratio_high": ratios[3 * len(ratios) // 4], "rounds": len(times),
            "error": max(errors, default=0.0)}


def main():
    job = json.loads(sys.argv[1])
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    session = onnxruntime_session(job["model"])
    feeds = dict(numpy.load(job["inputs"]))
    libraries = {name: CompiledModel(path, feeds) for name, path in job["libraries"].items()}
    contenders = {name: library.run for name, library in libraries.items()}
    contenders[PEER] = lambda: session.run(None, feeds)
    times = measure(contenders, job["seconds"])
    outputs = {name: library.outputs for name, library in libraries.items()}
    outputs[PEER] = session.run(None, feeds)
    reference = {"times": times[PEER], "outputs": outputs[PEER]}
    result = {name: summary(times[name], reference, outputs[name]) for name in times}
    print(json.dumps({"version": onnxruntime.__version__, "contenders": result}))


if __name__ == "__main__":
    main()
