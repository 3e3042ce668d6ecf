#!/usr/bin/env python3
"""Latency of untuned and tuned libraries beside ONNX Runtime, interleaved, one thread.

  scripts/bench_models.py [MODEL.onnx...] [--trials N | --db FILE] [--seconds S]

Without MODEL: a network of SqueezeNet's shape with seeded weights. Tunes each model with --trials
(default 300; done trials are kept in build/bench/tenon.db and not repeated), or takes the schedules
of --db. The ratio is the median of paired ratios to ONNX Runtime in the same round, with quartiles;
above 1 is slower. ONNX Runtime comes from PyPI into build/bench/venv.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from models import inputs, networks

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/bench"
PROGRAM = ROOT / "build/release/tenon"
PACKAGES = ["numpy", "onnxruntime"]


def run(*words):
    """Standard output of a command that must succeed; its progress goes to our standard error."""
    words = [str(word) for word in words]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: exit code {done.returncode}: {' '.join(words)}")
    return done.stdout


def bench_python():
    """The interpreter of an environment that has the peers."""
    python = FOLDER / "venv/bin/python"
    stamp = FOLDER / "venv/packages"
    if not stamp.is_file() or stamp.read_text().split() != PACKAGES:
        run(sys.executable, "-m", "venv", FOLDER / "venv")
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
        stamp.write_text(" ".join(PACKAGES))
    return python


def default_model():
    path = FOLDER / "squeezenet.onnx"
    path.write_bytes(networks.squeezenet(1).encode())
    return path


def build_libraries(model, arguments):
    """name -> library."""
    untuned, tuned = FOLDER / f"{model.stem}.untuned.so", FOLDER / f"{model.stem}.tuned.so"
    empty_log = FOLDER / "empty.jsonl"
    empty_log.write_bytes(b"")
    run(PROGRAM, "compile", model, "-o", untuned, "--log", empty_log)
    if arguments.db:
        run(PROGRAM, "compile", model, "-o", tuned, "--db", arguments.db)
    else:
        run(PROGRAM, "tune", model, "-o", tuned, "--trials", arguments.trials, "--threads", 1,
            "--db", FOLDER / "tenon.db")
    return {"untuned": str(untuned), "tuned": str(tuned)}


def bench(model, python, arguments):
    feeds = FOLDER / f"{model.stem}.npz"
    inputs.write_npz(feeds, inputs.draw_inputs(model.read_bytes(), 1))
    job = {"model": str(model), "inputs": str(feeds), "seconds": arguments.seconds,
           "libraries": build_libraries(model, arguments)}
    result = json.loads(run(python, ROOT / "scripts/bench/measure.py", json.dumps(job)))
    for name, row in result["contenders"].items():
        quartiles = f"[{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]"
        print(f"{model.stem:20} {name:12} {row['median_s'] * 1e3:9.3f} {row['best_s'] * 1e3:9.3f} "
              f"{row['ratio']:7.2f} {quartiles:14} {row['error']:9.1e}")
    print(f"# ONNX Runtime {result['version']}, {row['rounds']} rounds")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=pathlib.Path, metavar="MODEL.onnx")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--db", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    python = bench_python()
    print(f"{'model':20} {'':12} {'median ms':>9} {'best ms':>9} {'ratio to ONNX Runtime':22} "
          f"{'error':>9}")
    for model in arguments.models or [default_model()]:
        bench(model.resolve(), python, arguments)


if __name__ == "__main__":
    main()
