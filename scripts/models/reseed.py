"""Rewrites the weights of any ONNX graph with seeded values that suit the operators which use them.

Weights are float32 tensors that are initializers or come from Constant or ConstantOfShape nodes;
the latter two become initializers. What a tensor is for is read off its first user, looking through
reshaping. A tensor whose use is not known here, such as the bounds of Clip, keeps its values.
Subgraphs and model-local functions are left as they are.
"""

import dataclasses

from models import onnx, seeded
from models.wire import Message

LOOKED_THROUGH = ("Unsqueeze", "Squeeze", "Reshape", "Transpose", "Identity", "Flatten", "Cast")
LINEAR = ("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN")
EXTERNAL = 1


class ReseedError(ValueError):
    """The model cannot be reseeded; the message says why."""


@dataclasses.dataclass
class Weight:
    name: str
    dims: list
    data_type: int


@dataclasses.dataclass
class Use:
    op: str
    index: int
    node: Message
    is_last: bool = False      # a linear layer whose result goes to a Softmax and no other layer
    is_residual: bool = False  # its result is added to something


def draw_values(weight, use, seed):
    """Seeded values for a weight by its use; None to keep what it has."""
    dims, count = weight.dims, onnx.num_elements(weight.dims)
    fan_in = weight_fan_in(dims, use)
    if fan_in and use.op == "Conv":
        return seeded.filters(seed, weight.name, count, fan_in)
    if fan_in:
        shrink = seeded.LAST_GAIN ** 2 if use.is_last else 1.0
        return seeded.he_weights(seed, weight.name, count, fan_in / shrink)
    if use.op in ("BatchNormalization", "InstanceNormalization", "LayerNormalization"):
        is_factor = use.index in (1, 4)  # scale and variance; the others are shifts and means
        low, high = (0.6, 1.2) if is_factor else (-0.1, 0.1)
        if use.index == 1 and use.is_residual:
            low, high = 0.2, 0.4  # a chain of residual blocks then keeps its scale
        return seeded.uniform(seed, weight.name, count, low, high)
    if use.op in ("Conv", "ConvTranspose", "Gemm"):
        low, high = seeded.LAST_BIAS if use.is_last else (-0.1, 0.1)
        return seeded.uniform(seed, weight.name, count, low, high)
    if use.op in ("Add", "Sum", "Sub") and count > 1:
        return seeded.uniform(seed, weight.name, count, -0.1, 0.1)
    if use.op in ("Mul", "Div") and count > 1:
        return seeded.uniform(seed, weight.name, count, 0.6, 1.2)
    if use.op == "PRelu":
        return seeded.uniform(seed, weight.name, count, 0.05, 0.3)
    if use.op == "Gather" and use.index == 0 and len(dims) == 2:
        return seeded.normal(seed, weight.name, count)
    return None


def weight_fan_in(dims, use):
    """How many products each output sums, for the matrix of a linear operator; else 0."""
    if use.op == "Conv" and use.index == 1:
        return onnx.num_elements(dims[1:])
    if use.op == "ConvTranspose" and use.index == 1:
        return dims[0] * onnx.num_elements(dims[2:])
    if use.op == "Gemm" and use.index in (0, 1) and len(dims) == 2:
        name = "transB" if use.index == 1 else "transA"
        is_transposed = getattr(onnx.read_attribute(use.node, name), "integer", lambda _: 0)(3)
        return dims[1] if bool(is_transposed) == (use.index == 1) else dims[0]
    if use.op == "MatMul" and len(dims) >= 2:
        return dims[-2] if use.index == 1 else dims[-1]
    if use.op in ("LSTM", "GRU", "RNN") and use.index in (1, 2):
        return dims[-1]
    return 0


def find_uses(nodes):
    """Value name -> its first use that is not mere reshaping."""
    direct = {}
    for item in nodes:
        for index, name in enumerate(item.texts(onnx.NODE_INPUT)):
            direct.setdefault(name, Use(item.text(onnx.NODE_OP), index, item))

    def result_use(item):
        return direct.get(item.texts(onnx.NODE_OUTPUT)[0])

    def reaches_softmax(item):
        for _ in range(16):
            use = result_use(item)
            if use is None or use.op in LINEAR:
                return False
            if use.op in ("Softmax", "LogSoftmax"):
                return True
            item = use.node
        return False

    def look(name, depth=0):
        use = direct.get(name)
        if use and use.op in LOOKED_THROUGH and use.index == 0 and depth < 16:
            return look(use.node.texts(onnx.NODE_OUTPUT)[0], depth + 1)
        return use

    for use in direct.values():
        after = result_use(use.node)
        use.is_residual = after is not None and after.op in ("Add", "Sum")
        use.is_last = use.op in LINEAR and reaches_softmax(use.node)
    return {name: look(name) for name in direct}


def constant_weight(item, shapes):
    """The Weight that a Constant or ConstantOfShape node makes, if its shape is known."""
    op = item.text(onnx.NODE_OP)
    domain = item.text(onnx.NODE_DOMAIN)
    if op not in ("Constant", "ConstantOfShape") or domain not in ("", "ai.onnx"):
        return None
    name = item.texts(onnx.NODE_OUTPUT)[0]
    value = onnx.read_attribute(item, "value")
    tensor = Message(value.bytes(5)) if value else None
    if op == "Constant":
        if tensor is None:
            return None
        return Weight(name, tensor.integers(onnx.TENSOR_DIMS), tensor.integer(onnx.TENSOR_TYPE))
    shape = shapes.get(item.texts(onnx.NODE_INPUT)[0])
    if shape is None:
        return None
    return Weight(name, shape, tensor.integer(onnx.TENSOR_TYPE) if tensor else onnx.FLOAT)


def reseed(data, seed):
    """The bytes of the model with seeded weights, and how many tensors were rewritten."""
    model = Message(data)
    if not model.all(onnx.MODEL_GRAPH):
        raise ReseedError("this is no ONNX model: it has no graph")
    graph = Message(model.bytes(onnx.MODEL_GRAPH))
    nodes = graph.messages(onnx.GRAPH_NODE)
    initializers = graph.messages(onnx.GRAPH_INITIALIZER)
    uses = find_uses(nodes)
    shapes = {item.text(onnx.TENSOR_NAME): onnx.read_int64s(item) for item in initializers
              if item.integer(onnx.TENSOR_TYPE) == onnx.INT64}

    new_tensors, kept_nodes, kept_initializers = [], [], []

    def rewrite(weight):
        use = uses.get(weight.name)
        if weight.data_type != onnx.FLOAT or use is None:
            return False
        values = draw_values(weight, use, seed)
        if values is not None:
            new_tensors.append((weight, values))
        return values is not None

    for item in initializers:
        weight = Weight(item.text(onnx.TENSOR_NAME), item.integers(onnx.TENSOR_DIMS),
                        item.integer(onnx.TENSOR_TYPE))
        if not rewrite(weight):
            if item.integer(14) == EXTERNAL:
                raise ReseedError(f"{weight.name} is kept, but its data is in another file")
            kept_initializers.append(item)
    for item in nodes:
        weight = constant_weight(item, shapes)
        if weight is None or not rewrite(weight):
            kept_nodes.append(item)
    if not new_tensors:
        raise ReseedError("the model has no float32 weight of an operator that is known here")
    replace_parts(model, graph, kept_nodes, kept_initializers, new_tensors)
    return model.encode(), len(new_tensors)


def replace_parts(model, graph, nodes, initializers, new_tensors):
    """Puts the parts back: new weights as initializers, without shapes that nothing uses now."""
    used = {name for item in nodes for name in item.texts(onnx.NODE_INPUT)}
    outputs = {item.text(1) for item in graph.messages(onnx.GRAPH_OUTPUT)}
    had_initializer = {item.text(onnx.TENSOR_NAME) for item in initializers}
    alive = [item for item in initializers if item.text(onnx.TENSOR_NAME) in used | outputs]
    tensors = [onnx.tensor(weight.name, weight.dims, onnx.FLOAT, values)
               for weight, values in new_tensors]
    dead = had_initializer - {item.text(onnx.TENSOR_NAME) for item in alive}
    inputs = [item for item in graph.messages(onnx.GRAPH_INPUT) if item.text(1) not in dead]
    if model.integer(onnx.MODEL_IR_VERSION) < 4:
        # Before version 4 every initializer is also an input of the graph.
        known = {item.text(1) for item in inputs}
        inputs += [onnx.value_info(weight.name, weight.dims) for weight, _ in new_tensors
                   if weight.name not in known]
    graph.replace(onnx.GRAPH_NODE, nodes)
    graph.replace(onnx.GRAPH_INITIALIZER, alive + tensors)
    graph.replace(onnx.GRAPH_INPUT, inputs)
    model.replace(onnx.MODEL_GRAPH, [graph])
