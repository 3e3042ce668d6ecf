"""Reading NumPy's .npz and ONNX tensors, as far as a comparison's tolerance needs it."""

import array
import ast
import sys
import zipfile

from models import onnx
from models.wire import Message

# NumPy's type without the byte order -> array type.
ARRAY_TYPES = {"f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i", "i8": "q",
               "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "b1": "B"}


def read_npy(data):
    """(dims, values) of an .npy file; values is None for types that Python has no array of."""
    begin = 10 if data[6] == 1 else 12
    header_size = int.from_bytes(data[8:begin], "little")
    header = ast.literal_eval(data[begin:begin + header_size].decode("latin-1"))
    kind = ARRAY_TYPES.get(header["descr"][1:])
    if kind is None:
        return list(header["shape"]), None
    values = array.array(kind, data[begin + header_size:])
    if sys.byteorder == "big":
        values.byteswap()
    return list(header["shape"]), values


def read_npz(path):
    """name -> (dims, values)."""
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy"): read_npy(archive.read(name))
                for name in archive.namelist()}


def largest_magnitude(path):
    """The largest finite absolute value of the float arrays of an .npz, at least 0."""
    largest = 0.0
    for _, values in read_npz(path).values():
        if values is not None and values.typecode in "fd":
            largest = max([largest, *(abs(value) for value in values if abs(value) < float("inf"))])
    return largest


def tensor_floats(data):
    """The float32 values of a TensorProto."""
    message = Message(data)
    raw = message.bytes(onnx.TENSOR_RAW)
    if not raw:
        raw = message.bytes(onnx.TENSOR_FLOATS)
    return array.array("f", raw)
