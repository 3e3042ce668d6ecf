"""compile --verify: right compilations pass, a wrong one is named and writes nothing."""

import json
import unittest

from tests.e2e.common import ROOT, Case


class Verify(Case):
    def test_a_right_compilation_passes(self):
        model, library = self.make_model(), self.folder / "m.so"
        out, err = self.tenon("compile", model, "-o", library, "--verify", "--json")
        self.assertRegex(err, r"verify: \d+ steps agree with the imported model, max \|error\| ")
        steps = json.loads(out)["verify"]
        self.assertEqual(steps[0]["step"], "imported")
        self.assertEqual(steps[-1]["step"], "library")
        self.assertTrue(all(step["right"] for step in steps))
        self.assertTrue(library.exists())

    def test_without_an_output_it_only_verifies(self):
        out, err = self.tenon("compile", self.make_model(), "--verify")
        self.assertIn("steps agree", err)
        self.assertEqual(out, "")

    def test_a_whole_network_is_verified_in_seconds(self):
        self.tenon("compile", self.make_model("squeezenet"), "--verify")

    def test_dynamic_networks_are_verified(self):
        fixtures = ROOT.parent / "shared/fixtures/onnx/mlp"
        if not fixtures.is_dir():
            self.skipTest("skipped: no ../shared")
        for model in sorted(fixtures.glob("*.onnx")):
            self.tenon("compile", model, "--verify")

    def test_the_first_wrong_pass_is_named_and_nothing_is_written(self):
        model, library = self.make_model("underflow"), self.folder / "m.so"
        out, err = self.tenon("compile", model, "-o", library, "--verify", code=1)
        self.assertEqual(out, "")
        self.assertIn("error: --verify: the result differs after fold_scale: tensor 0, element 0: ",
                      err)
        self.assertRegex(err, r"max \|error\| \S+e-\d+, max \|expected\| \S+e-\d+")
        self.assertFalse(library.exists())

    def test_a_library_for_another_machine_is_not_run(self):
        err = self.tenon("compile", self.make_model(), "--verify", "--target",
                         "llvm -mcpu=neoverse-n1")[1]
        self.assertIn("verify: the library was not run: it is for aarch64", err)


if __name__ == "__main__":
    unittest.main()
