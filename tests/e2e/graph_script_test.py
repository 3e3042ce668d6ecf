"""Graph scripts as models: compiled, run, printed after the passes, refused with the place."""

import unittest

from tests.e2e.common import Case

PERCEPTRON = '''
@R.function
def main(x: R.Tensor((2, 3), "float32")) -> R.Tensor((2, 2), "float32"):
    with R.dataflow():
        a = R.matmul(x, R.const([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32"))
        b = R.add(a, R.const([0.5, -0.5], "float32"))
        c = R.nn.relu(b)
        R.output(c)
    return c
'''


class GraphScripts(Case):
    def write(self, text, name="model.py"):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_a_script_is_compiled_and_verified_by_running(self):
        self.tenon("compile", self.write(PERCEPTRON), "-o", self.library, "--verify")
        self.assertTrue(self.library.exists())
        self.tenon("run", self.library)

    def test_the_module_after_the_passes_is_a_script(self):
        emitted = self.tenon("compile", self.write(PERCEPTRON), "--emit", "relax")[0]
        self.assertIn("R.call_tir(cls.", emitted)
        again = self.tenon("compile", self.write(emitted, "emitted.py"), "--emit", "relax")[0]
        self.assertIn("R.call_tir(cls.", again)

    def test_constants_of_a_model_are_only_named(self):
        emitted = self.tenon("compile", self.make_model("conv_relu"), "--emit", "relax")[0]
        self.assertIn("R.external_constant(", emitted)
        err = self.refused("compile", self.write(emitted, "emitted.py"), "-o", self.library)
        self.assertIn("is not in the text, only its name", err)

    def test_what_is_wrong_has_its_place(self):
        script = self.write(PERCEPTRON.replace("R.add(a,", "R.add(aa,"))
        err = self.refused("compile", script, "-o", self.library)
        self.assertIn("model.py:6:19: unknown name `aa`", err)
        self.assertFalse(self.library.exists())

    def test_an_operator_without_definition_is_named(self):
        script = self.write(PERCEPTRON.replace(
            "c = R.nn.relu(b)", "c: R.Tensor((2, 2), \"float32\") = R.lgamma(b)"))
        err = self.refused("compile", script, "-o", self.library)
        self.assertIn("R.lgamma has no definition in this form, so it cannot be compiled", err)

    def test_a_module_that_is_not_well_formed(self):
        script = self.write('''
@R.function
def main(x: R.Tensor((4,), "float32")):
    y = R.call_packed("f", x, ty_args=R.Tensor((4,), "float32"))
    return y
''')
        err = self.refused("compile", script, "-o", self.library)
        self.assertIn("the external function f is not pure", err)


if __name__ == "__main__":
    unittest.main()
