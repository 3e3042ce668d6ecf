"""Seeded inputs of a model, written as ONNX test data or as NumPy's .npz."""

import pathlib
import zipfile

from models import onnx, seeded
from models.wire import Message

# data type -> (array type, NumPy's name, values)
TYPES = {
    onnx.FLOAT: ("f", "<f4", lambda seed, name, count: seeded.normal(seed, name, count)),
    onnx.INT32: ("i", "<i4", lambda seed, name, count: seeded.integers(seed, name, count, 2, "i")),
    onnx.INT64: ("q", "<i8", lambda seed, name, count: seeded.integers(seed, name, count, 2, "q")),
    onnx.BOOL: ("B", "|b1", lambda seed, name, count: seeded.integers(seed, name, count, 2, "B")),
}


def model_inputs(data):
    """(name, data type, dims) of the inputs that a caller gives: those without an initializer."""
    graph = Message(Message(data).bytes(onnx.MODEL_GRAPH))
    weights = {item.text(onnx.TENSOR_NAME) for item in graph.messages(onnx.GRAPH_INITIALIZER)}
    infos = [onnx.read_value_info(item) for item in graph.messages(onnx.GRAPH_INPUT)]
    return [info for info in infos if info[0] not in weights]


def model_outputs(data):
    """(name, data type, dims) of the outputs."""
    graph = Message(Message(data).bytes(onnx.MODEL_GRAPH))
    return [onnx.read_value_info(item) for item in graph.messages(onnx.GRAPH_OUTPUT)]


def draw_inputs(data, seed, symbol_size=1):
    """[(name, data type, dims, values)]; dims without a number become `symbol_size`."""
    result = []
    for name, data_type, dims in model_inputs(data):
        if data_type not in TYPES or dims is None:
            raise ValueError(f"input {name}: data type {data_type}, shape {dims}; inputs are made "
                             "for float32, int32, int64 and bool tensors of known rank")
        dims = [dim if isinstance(dim, int) else symbol_size for dim in dims]
        values = TYPES[data_type][2](seed, "input:" + name, onnx.num_elements(dims))
        result.append((name, data_type, dims, values))
    return result


def write_test_data(directory, inputs):
    """ONNX's test data: DIRECTORY/test_data_set_0/input_N.pb."""
    folder = pathlib.Path(directory) / "test_data_set_0"
    folder.mkdir(parents=True, exist_ok=True)
    for index, (name, data_type, dims, values) in enumerate(inputs):
        message = onnx.tensor(name, dims, data_type, values)
        (folder / f"input_{index}.pb").write_bytes(message.encode())


def npy_bytes(data_type, dims, values):
    """The .npy format, version 1.0."""
    shape = "(" + "".join(f"{dim}, " for dim in dims).rstrip(" ") + ")"
    header = f"{{'descr': '{TYPES[data_type][1]}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    prefix = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    return prefix + header.encode("latin-1") + onnx.little_endian(values)


def write_npz(path, inputs):
    """One array an input, under its name; the same bytes for the same inputs."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data_type, dims, values in inputs:
            entry = zipfile.ZipInfo(name + ".npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, npy_bytes(data_type, dims, values))
