"""make_models: its files can be read and depend on the seed; reseeding touches weights only."""

import array
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

from models import inputs, networks, onnx, reseed, seeded, wire
from models.wire import Message

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "make_models"


def graph_of(data):
    return Message(Message(data).bytes(onnx.MODEL_GRAPH))


def weights_of(data):
    """name -> (dims, float values)."""
    result = {}
    for item in graph_of(data).messages(onnx.GRAPH_INITIALIZER):
        values = array.array("f", item.bytes(onnx.TENSOR_RAW))
        result[item.text(onnx.TENSOR_NAME)] = (item.integers(onnx.TENSOR_DIMS), values)
    return result


def splat_model(ir_version):
    """Convolution and normalization with ConstantOfShape weights; Clip with a constant."""
    sizes = {"w": [4, 3, 5, 5], "scale": [4], "shift": [4], "mean": [4], "var": [4]}
    nodes, initializers = [], []
    for name, dims in sizes.items():
        shape = array.array("q", dims)
        initializers.append(onnx.tensor(name + "_shape", [len(dims)], onnx.INT64, shape))
        nodes.append(onnx.node("ConstantOfShape", [name + "_shape"], name))
    initializers.append(onnx.tensor("low", [], onnx.FLOAT, array.array("f", [0.0])))
    nodes.append(onnx.node("Conv", ["x", "w"], "c"))
    nodes.append(onnx.node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], "n"))
    nodes.append(onnx.node("Clip", ["n", "low"], "y"))
    model_inputs = [onnx.value_info("x", [1, 3, 9, 9])]
    if ir_version < 4:
        model_inputs += [onnx.value_info(name + "_shape", [len(dims)], onnx.INT64)
                         for name, dims in sizes.items()]
        model_inputs.append(onnx.value_info("low", []))
    result = [onnx.value_info("y", [1, 4, 5, 5])]
    model = onnx.model("splat", nodes, model_inputs, result, initializers)
    model.fields[0][2] = ir_version
    return model.encode()


class WireTest(unittest.TestCase):
    def test_unknown_fields_survive_in_order(self):
        message = Message().add(9, -5).add(1, b"").add(3000, "text").add(1, Message().add(2, 300))
        message.fields.append([4, wire.FIXED32, b"\x00\x00\x80\x3f"])
        data = message.encode()
        again = Message(data)
        self.assertEqual(again.encode(), data)
        self.assertEqual(again.integer(9), -5)
        self.assertEqual(again.texts(3000), ["text"])
        self.assertEqual(again.messages(1)[1].integer(2), 300)

    def test_packed_and_unpacked_integers_are_the_same(self):
        packed = Message().add(1, wire.write_varint(1) + wire.write_varint(-2))
        self.assertEqual(packed.integers(1), [1, -2])
        self.assertEqual(Message().add(1, 1).add(1, -2).integers(1), [1, -2])

    def test_torn_messages_are_refused(self):
        data = Message().add(1, "hello").encode()
        for broken in (data[:-1], b"\xff" * 11, b"\x0b"):
            with self.assertRaises(wire.WireError):
                Message(broken)


class SeededTest(unittest.TestCase):
    def test_values_depend_on_seed_and_name_only(self):
        self.assertEqual(seeded.uniform(1, "a", 5, 0, 1), seeded.uniform(1, "a", 5, 0, 1))
        self.assertNotEqual(seeded.uniform(1, "a", 5, 0, 1), seeded.uniform(2, "a", 5, 0, 1))
        self.assertNotEqual(seeded.uniform(1, "a", 5, 0, 1), seeded.uniform(1, "b", 5, 0, 1))

    def test_weights_have_he_scale(self):
        values = seeded.he_weights(1, "w", 20000, 50)
        deviation = math.sqrt(sum(value * value for value in values) / len(values))
        self.assertAlmostEqual(deviation, math.sqrt(2 / 50), delta=0.004)

    def test_filters_sum_to_zero(self):
        values = seeded.filters(1, "w", 4 * 27, 27)
        for begin in range(0, 4 * 27, 27):
            self.assertAlmostEqual(sum(values[begin:begin + 27]), 0, places=5)


class NetworksTest(unittest.TestCase):
    def test_squeezenet_has_its_shape(self):
        data = networks.squeezenet(1).encode()
        ops = [item.text(onnx.NODE_OP) for item in graph_of(data).messages(onnx.GRAPH_NODE)]
        self.assertEqual(ops.count("Conv"), 26)
        self.assertEqual(ops.count("Concat"), 8)
        weights = weights_of(data)
        self.assertEqual(sum(len(values) for _, values in weights.values()), 1235496)
        self.assertEqual(weights["fire9/expand3x3_w"][0], [256, 64, 3, 3])
        self.assertEqual(inputs.model_inputs(data), [("data", onnx.FLOAT, [1, 3, 224, 224])])


class ReseedTest(unittest.TestCase):
    def test_splat_nodes_become_initializers(self):
        for ir_version in (3, 8):
            data, count = reseed.reseed(splat_model(ir_version), 7)
            graph = graph_of(data)
            self.assertEqual(count, 5)
            ops = [item.text(onnx.NODE_OP) for item in graph.messages(onnx.GRAPH_NODE)]
            self.assertEqual(ops, ["Conv", "BatchNormalization", "Clip"])
            weights = weights_of(data)
            self.assertEqual(sorted(weights), ["low", "mean", "scale", "shift", "var", "w"])
            self.assertEqual(weights["low"][1][0], 0.0)
            self.assertGreater(min(weights["var"][1]), 0.5)
            self.assertEqual(len(set(weights["w"][1])), 300)
            names = [item.text(1) for item in graph.messages(onnx.GRAPH_INPUT)]
            self.assertEqual(sorted(names), sorted(["x", *weights]) if ir_version == 3 else ["x"])
            self.assertEqual(inputs.model_inputs(data), [("x", onnx.FLOAT, [1, 3, 9, 9])])

    def test_structure_stays_and_weights_change(self):
        before = networks.conv_relu(1).encode()
        after, count = reseed.reseed(before, 2)
        self.assertEqual(count, 2)
        self.assertEqual(len(before), len(after))
        nodes = [graph_of(data).all(onnx.GRAPH_NODE) for data in (before, after)]
        self.assertEqual(nodes[0], nodes[1])
        self.assertNotEqual(weights_of(before)["conv_w"], weights_of(after)["conv_w"])
        self.assertEqual(reseed.reseed(before, 2)[0], after)

    def test_a_model_without_known_weights_is_refused(self):
        nodes = [onnx.node("Relu", ["x"], "y")]
        info = [onnx.value_info("x", [1])]
        model = onnx.model("relu", nodes, info, [onnx.value_info("y", [1])], [])
        with self.assertRaisesRegex(ValueError, "no float32 weight"):
            reseed.reseed(model.encode(), 1)
        with self.assertRaisesRegex(ValueError, "no ONNX model"):
            reseed.reseed(b"", 1)


class CommandTest(unittest.TestCase):
    def run_script(self, *arguments):
        command = [sys.executable, str(SCRIPT), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_inputs_are_written_both_ways(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            done = self.run_script("conv_relu", "-o", folder / "m.onnx", "--data", folder / "data",
                                   "--npz", folder / "in.npz")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            message = Message((folder / "data/test_data_set_0/input_0.pb").read_bytes())
            with zipfile.ZipFile(folder / "in.npz") as archive:
                self.assertEqual(archive.namelist(), ["data.npy"])
                npy = archive.read("data.npy")
            size = 16 * 28 * 28 * 4
            self.assertEqual(npy[-size:], message.bytes(onnx.TENSOR_RAW))
            self.assertEqual((len(npy) - size) % 64, 0)
            self.assertIn(b"'shape': (1, 16, 28, 28,), ", npy)

    def test_bad_input_is_one_clear_line(self):
        with tempfile.TemporaryDirectory() as name:
            bad = pathlib.Path(name) / "bad.onnx"
            bad.write_bytes(networks.conv_relu(1).encode()[:-9])
            done = self.run_script("reseed", bad, "-o", bad.with_name("out.onnx"))
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr, "error: a field is longer than its message\n")
            self.assertEqual([path.name for path in bad.parent.iterdir()], ["bad.onnx"])


if __name__ == "__main__":
    unittest.main()
