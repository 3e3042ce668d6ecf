"""The three layouts are found, and a case fails when the program does (a shell script here)."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from conformance.cases import find_cases
from conformance.npz import largest_magnitude, read_npz
from models import inputs, networks, onnx, seeded

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "conformance_onnx.py"

# Refuses to compile "odd" models; a run fails when an argument has "wrong" in it.
PROGRAM = """#!/bin/sh
case "$*" in
  *wrong*) echo "error: output y differs" >&2; exit 1 ;;
  compile*odd*) echo "error: 1 unsupported node" >&2; exit 2 ;;
  compile*) touch "$4" ;;
esac
"""


class CasesTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        self.model = networks.conv_relu(1).encode()

    def tearDown(self):
        self.directory.cleanup()

    def write(self, path, data):
        file = self.root / "cases" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def write_npz(self, path, values):
        file = self.write(path, b"")
        inputs.write_npz(file, [("y", onnx.FLOAT, [len(values)], seeded.floats(values))])

    def write_all(self):
        self.write("net/a.onnx", self.model)
        self.write("net/b_dyn.onnx", self.model)
        self.write("net/meta.json", b'{"a.onnx": {"cases": 1}, "b_dyn.onnx": {"cases": 2}}')
        for suffix in ("", "_2"):
            self.write_npz(f"net/inputs{suffix}.npz", [1.0])
            self.write_npz(f"net/outputs{suffix}.npz", [1.0, -3.0, float("inf")])
        self.write("node/test_relu/model.onnx", self.model)
        self.write("node/test_relu/test_data_set_0/input_0.pb", b"")
        size = 32 * 28 * 28
        output = onnx.tensor("y", [1, 32, 28, 28], onnx.FLOAT, seeded.ramp(size)).encode()
        self.write("light/light_net.onnx", self.model)
        self.write("light/light_net_output_0.pb", output)

    def run_script(self):
        program = self.root / "tenon"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        command = [sys.executable, str(SCRIPT), str(self.root / "cases"), "--program", str(program)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_layouts_are_found(self):
        self.write_all()
        cases = find_cases(self.root / "cases")
        self.assertEqual([case.name for case in cases],
                         ["light/light_net", "net/a.onnx", "net/b_dyn.onnx", "node/test_relu"])
        self.assertEqual([len(case.npz_sets) for case in cases], [0, 1, 2, 0])
        self.assertEqual(len(cases[3].data_sets), 1)

    def test_passes_are_counted_by_kind(self):
        self.write_all()
        done = self.run_script()
        self.assertEqual(done.stdout, "light 1/1\nnet 2/2\nnode 1/1\ntotal 4/4\n", done.stderr)
        self.assertEqual(done.returncode, 0)

    def test_failures_are_named_with_step_and_reason(self):
        self.write_all()
        self.write("node/odd/model.onnx", self.model)
        self.write("node/odd/test_data_set_0/input_0.pb", b"")
        self.write("node/test_relu/test_data_set_wrong/input_0.pb", b"")
        done = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertIn("node 0/2\n", done.stdout)
        self.assertIn("  unsupported  node/odd: error: 1 unsupported node\n", done.stdout)
        self.assertIn("  mismatch     node/test_relu: error: output y differs\n", done.stdout)
        self.assertIn("total 3/5, mismatch 1, unsupported 1\n", done.stdout)

    def test_a_folder_without_cases_is_refused(self):
        (self.root / "cases").mkdir()
        done = self.run_script()
        self.assertEqual(done.returncode, 2)
        self.assertIn("no case in", done.stderr)

    def test_tolerance_leaves_infinities_out(self):
        self.write_all()
        path = self.root / "cases/net/outputs.npz"
        self.assertEqual(largest_magnitude(path), 3.0)
        self.assertEqual(read_npz(path)["y"][0], [3])


if __name__ == "__main__":
    unittest.main()
