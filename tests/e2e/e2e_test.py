"""The main job with real processes: tune, resume, export, compile, run, and what bad input gets.

TENON_PROGRAMS is the folder of the built programs. Every test has a folder, database and home of
its own; private trackers and workers end with the `tenon tune` that started them.
"""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("TENON_PROGRAMS", ROOT / "build/release"))
TENON = PROGRAMS / "tenon"


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tenon-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = dict(os.environ, HOME=str(self.folder), XDG_RUNTIME_DIR=str(self.folder),
                                XDG_STATE_HOME=str(self.folder / "state"))

    def make_model(self, kind="conv_relu", name="model.onnx"):
        path = self.folder / name
        subprocess.run([sys.executable, ROOT / "scripts/make_models", kind, "-o", path],
                       check=True, capture_output=True)
        return path

    def tenon(self, *words, code=0):
        """Runs the command, checks its exit code, gives (stdout, stderr)."""
        done = subprocess.run([str(TENON), *map(str, words)], capture_output=True, text=True,
                              env=self.environment, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def refused(self, *words):
        out, err = self.tenon(*words, code=2)
        self.assertEqual(out, "")
        self.assertTrue(err.startswith("error: "), err)
        return err

    def trials(self, database):
        with sqlite3.connect(database) as connection:
            query = "SELECT COUNT(*) FROM measurement WHERE role = 0"
            return connection.execute(query).fetchone()[0]


class MainJob(Case):
    def test_tune_then_resume_then_export_and_compile_elsewhere(self):
        model, database = self.make_model(), self.folder / "t.db"
        library = self.folder / "model.so"
        words = ["tune", model, "-o", library, "--db", database, "--trials", 8, "--json"]
        first = self.tenon(*words)[0].splitlines()
        summary = json.loads(first[-1])
        self.assertEqual(summary["event"], "summary")
        self.assertTrue(summary["right"])
        self.assertGreaterEqual(summary["trials"], 8)
        self.assertTrue(all(json.loads(line)["tenon_tune"] == 1 for line in first))
        measured = self.trials(database)

        again = json.loads(self.tenon(*words)[0].splitlines()[-1])
        self.assertEqual(again["resumed"], summary["trials"])
        self.assertEqual(self.trials(database), measured)

        log = self.folder / "log.jsonl"
        self.tenon("export", "--db", database, "-o", log)
        other = self.folder / "elsewhere"
        other.mkdir()
        self.tenon("compile", model, "-o", other / "a.so", "--log", log)
        self.tenon("compile", model, "-o", other / "b.so", "--db", database)
        self.assertEqual((other / "a.so").read_bytes(), (other / "b.so").read_bytes())
        self.tenon("doctor", "--db", database)

    def test_a_killed_tune_leaves_no_process(self):
        model, database = self.make_model(), self.folder / "t.db"
        process = subprocess.Popen(
            [str(TENON), "tune", str(model), "-o", str(self.folder / "m.so"), "--db", str(database),
             "--time-limit", "60s"], env=self.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        process.stderr.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        deadline = time.monotonic() + 10
        while self.processes_of_this_case() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.processes_of_this_case(), [])

    def processes_of_this_case(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].startswith(bytes(PROGRAMS)) and any(bytes(self.folder) in w for w in words):
                found.append(int(entry.name))
        return found


class Models(Case):
    def test_stored_outputs_of_small_networks(self):
        fixtures = ROOT.parent / "shared/fixtures/onnx"
        if not fixtures.is_dir():
            self.skipTest("skipped: no ../shared")
        for name in ("cnn_small", "mlp"):
            done = subprocess.run(
                [sys.executable, ROOT / "scripts/conformance_onnx.py", fixtures, "--only",
                 name + "*", "--program", TENON], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, name + r" ([1-9]\d*)/\1\n")

    def test_dropout_that_declares_its_mask(self):
        archive = ROOT.parent / "shared/onnx-backend.tar.zst"
        if not archive.exists() or not shutil.which("zstd"):
            self.skipTest("skipped: no ../shared, or no zstd to unpack it")
        name = "./light/light_squeezenet.onnx"
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", self.folder, name], check=True)
        model = self.folder / "reseeded.onnx"
        subprocess.run([sys.executable, ROOT / "scripts/make_models", "reseed", self.folder / name,
                        "-o", model, "--seed", "3"], check=True, capture_output=True)
        self.tenon("compile", model, "-o", self.folder / "m.so")
        self.tenon("run", self.folder / "m.so")

    def test_a_dynamic_model_is_tuned(self):
        model = ROOT.parent / "shared/fixtures/onnx/mlp/ts_op13_dyn.onnx"
        if not model.exists():
            self.skipTest("skipped: no ../shared")
        out = self.tenon("tune", model, "-o", self.folder / "m.so", "--db", self.folder / "t.db",
                         "--trials", 8, "--json")[0]
        summary = json.loads(out.splitlines()[-1])
        self.assertTrue(summary["right"])
        self.assertGreater(summary["outcomes"].get("ok", 0), 0)


class BadInput(Case):
    def test_a_file_that_is_no_model(self):
        path = self.folder / "text.onnx"
        path.write_text("this is no model\n")
        self.assertIn("no ONNX model", self.refused("compile", path, "-o", self.folder / "m.so"))
        self.assertFalse((self.folder / "m.so").exists())

    def test_a_truncated_model(self):
        path = self.make_model()
        path.write_bytes(path.read_bytes()[:-100])
        self.assertIn("truncated", self.refused("compile", path, "-o", self.folder / "m.so"))

    def test_a_missing_file(self):
        self.assertIn("nothing.onnx",
                      self.refused("compile", self.folder / "nothing.onnx", "-o", "x.so"))

    def test_an_unknown_feature_of_a_target(self):
        err = self.refused("compile", self.make_model(), "-o", self.folder / "m.so",
                           "--target", "llvm -mcpu=znver3 -mattr=+avx3")
        self.assertIn("avx3", err)

    def test_a_log_line_that_was_changed_is_skipped_and_named(self):
        log = self.folder / "log.jsonl"
        log.write_text('{"tenon_log":1,"sha256":"00"}\nnot json\n')
        err = self.tenon("import", log, "--db", self.folder / "t.db")[1]
        self.assertIn("2 rejected", err)

    def test_a_tracker_without_key(self):
        err = self.refused("tune", self.make_model(), "-o", self.folder / "m.so",
                           "--tracker", "tcp://127.0.0.1:1")
        self.assertIn("--key", err)

    def test_an_unknown_command(self):
        self.tenon("tuna", code=2)


if __name__ == "__main__":
    unittest.main()
