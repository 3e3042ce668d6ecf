"""Networks of several frameworks against their stored outputs, and models of other kinds."""

import shutil
import subprocess
import sys
import unittest

from tests.e2e.common import ROOT, SHARED, TENON, Case


class Models(Case):
    def test_stored_outputs_of_small_networks(self):
        fixtures = SHARED / "fixtures/onnx"
        if not fixtures.is_dir():
            self.skipTest("skipped: no ../shared")
        for name in ("cnn_small", "mlp"):
            done = subprocess.run(
                [sys.executable, ROOT / "scripts/conformance_onnx.py", fixtures, "--only",
                 name + "*", "--program", TENON], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, name + r" ([1-9]\d*)/\1\n")

    def test_dropout_that_declares_its_mask(self):
        archive = SHARED / "onnx-backend.tar.zst"
        if not archive.exists() or not shutil.which("zstd"):
            self.skipTest("skipped: no ../shared, or no zstd to unpack it")
        name = "./light/light_squeezenet.onnx"
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", self.folder, name], check=True)
        model = self.folder / "reseeded.onnx"
        subprocess.run([sys.executable, ROOT / "scripts/make_models", "reseed", self.folder / name,
                        "-o", model, "--seed", "3"], check=True, capture_output=True)
        self.tenon("compile", model, "-o", self.library)
        self.tenon("run", self.library)

    def test_a_dynamic_model_is_tuned(self):
        model = SHARED / "fixtures/onnx/mlp/ts_op13_dyn.onnx"
        if not model.exists():
            self.skipTest("skipped: no ../shared")
        summary = self.tune(*self.tune_words(model, "--trials", 8))
        self.assertTrue(summary["right"])
        self.assertGreater(summary["outcomes"].get("ok", 0), 0)


if __name__ == "__main__":
    unittest.main()
