"""Inputs that are shapes become constants, and the data set loses them."""

import array
import pathlib
import tempfile
import unittest

from conformance.freeze import freezable, freeze
from models import inputs, onnx
from models.wire import Message


def reshape_model():
    return onnx.model(
        "reshape", [onnx.node("Reshape", ["x", "shape"], "y")],
        [onnx.value_info("x", [2, 3]), onnx.value_info("shape", [1], onnx.INT64)],
        [onnx.value_info("y", [6])], []).encode()


class FreezeTest(unittest.TestCase):
    def test_the_shape_becomes_an_initializer(self):
        model = reshape_model()
        self.assertEqual(freezable(model), [1])
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            given = folder / "data"
            given.mkdir()
            (given / "input_0.pb").write_bytes(
                onnx.tensor("x", [2, 3], onnx.FLOAT, array.array("f", range(6))).encode())
            (given / "input_1.pb").write_bytes(
                onnx.tensor("another name", [1], onnx.INT64, array.array("q", [6])).encode())
            (given / "output_0.pb").write_bytes(b"kept as it is")
            path, data_set = freeze(model, given, folder)
            self.assertEqual([entry[0] for entry in inputs.model_inputs(path.read_bytes())], ["x"])
            graph = Message(Message(path.read_bytes()).bytes(onnx.MODEL_GRAPH))
            tensor = graph.messages(onnx.GRAPH_INITIALIZER)[0]
            self.assertEqual(tensor.text(onnx.TENSOR_NAME), "shape")
            self.assertEqual(onnx.read_int64s(tensor), [6])
            self.assertEqual(sorted(file.name for file in data_set.iterdir()),
                             ["input_0.pb", "output_0.pb"])
            self.assertEqual((data_set / "output_0.pb").read_bytes(), b"kept as it is")

    def test_a_model_of_one_input_stays(self):
        model = onnx.model("relu", [onnx.node("Relu", ["x"], "y")], [onnx.value_info("x", [2])],
                           [onnx.value_info("y", [2])], []).encode()
        with tempfile.TemporaryDirectory() as name:
            self.assertIsNone(freeze(model, pathlib.Path(name), pathlib.Path(name)))


if __name__ == "__main__":
    unittest.main()
