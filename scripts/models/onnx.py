"""ONNX messages: making them, and reading what reseeding needs. Field numbers are the schema's."""

import array
import math
import struct
import sys

from models.wire import Message

FLOAT, INT32, INT64, BOOL = 1, 6, 7, 9
ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS = 1, 2, 7

# Fields of ModelProto, GraphProto and NodeProto.
MODEL_IR_VERSION, MODEL_GRAPH, MODEL_OPSET = 1, 7, 8
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT = 1, 5, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_OP, NODE_ATTRIBUTE, NODE_DOMAIN = 1, 2, 4, 5, 7

# Fields of TensorProto.
TENSOR_DIMS, TENSOR_TYPE, TENSOR_FLOATS, TENSOR_INT64S, TENSOR_NAME, TENSOR_RAW = 1, 2, 4, 7, 8, 9


def little_endian(values):
    """The bytes of an array in the order that ONNX and NumPy files use."""
    if sys.byteorder == "big":
        values = array.array(values.typecode, values)
        values.byteswap()
    return values.tobytes()


def tensor(name, dims, data_type, values):
    """TensorProto; `values` is an array of the element type."""
    message = Message()
    for dim in dims:
        message.add(TENSOR_DIMS, dim)
    message.add(TENSOR_TYPE, data_type)
    return message.add(TENSOR_NAME, name).add(TENSOR_RAW, little_endian(values))


def attribute(name, value):
    message = Message().add(1, name)
    if isinstance(value, int):
        return message.add(3, value).add(20, ATTRIBUTE_INT)
    if isinstance(value, float):
        message.fields.append([2, 5, struct.pack("<f", value)])
        return message.add(20, ATTRIBUTE_FLOAT)
    for item in value:
        message.add(8, item)
    return message.add(20, ATTRIBUTE_INTS)


def node(op, inputs, output, **attributes):
    """NodeProto with one output, which is also its name."""
    message = Message()
    for name in inputs:
        message.add(NODE_INPUT, name)
    message.add(NODE_OUTPUT, output).add(3, output).add(NODE_OP, op)
    for name, value in attributes.items():
        message.add(NODE_ATTRIBUTE, attribute(name, value))
    return message


def value_info(name, dims, data_type=FLOAT):
    shape = Message()
    for dim in dims:
        shape.add(1, Message().add(1, dim))
    tensor_type = Message().add(1, data_type).add(2, shape)
    return Message().add(1, name).add(2, Message().add(1, tensor_type))


def model(name, nodes, inputs, outputs, initializers, opset=13):
    graph = Message()
    for item in nodes:
        graph.add(GRAPH_NODE, item)
    graph.add(2, name)
    for number, items in ((GRAPH_INITIALIZER, initializers), (GRAPH_INPUT, inputs),
                          (GRAPH_OUTPUT, outputs)):
        for item in items:
            graph.add(number, item)
    message = Message().add(MODEL_IR_VERSION, 7).add(2, "tenon make_models")
    return message.add(MODEL_GRAPH, graph).add(MODEL_OPSET, Message().add(1, "").add(2, opset))


def read_value_info(message):
    """(name, data type, dims): a dim is a number or its symbol; dims are None when unknown."""
    tensor_type = Message(Message(message.bytes(2)).bytes(1))
    shapes = tensor_type.messages(2)
    dims = None
    if shapes:
        dims = [dim.integer(1) if dim.all(1) else dim.text(2) for dim in shapes[-1].messages(1)]
    return message.text(1), tensor_type.integer(1), dims


def read_attribute(message, name):
    """The AttributeProto of a node, or None."""
    for item in message.messages(NODE_ATTRIBUTE):
        if item.text(1) == name:
            return item
    return None


def read_int64s(message):
    """The values of an INT64 TensorProto."""
    raw = message.bytes(TENSOR_RAW)
    if raw:
        return list(struct.unpack(f"<{len(raw) // 8}q", raw))
    return message.integers(TENSOR_INT64S)


def num_elements(dims):
    return math.prod(dims)
