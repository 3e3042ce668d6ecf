"""Inputs made constants: a model that takes shapes, axes or bounds as inputs, with the values that
its data set gives them, so that they are known when it is compiled.
"""

import shutil

from models import inputs, onnx
from models.wire import Message


def freezable(model):
    """Positions of the inputs behind the first that are scalars or vectors."""
    return [i for i, (_, _, dims) in enumerate(inputs.model_inputs(model))
            if i > 0 and dims is not None and len(dims) <= 1]


def freeze(model, data_set, folder):
    """Writes model.onnx and a data set without the frozen inputs into `folder`. Returns both paths,
    or None when nothing can be frozen."""
    places = freezable(model)
    if not places:
        return None
    names = [name for name, _, _ in inputs.model_inputs(model)]
    message = Message(model)
    graph = Message(message.bytes(onnx.MODEL_GRAPH))
    target = folder / "frozen"
    target.mkdir()
    kept = 0
    for i, name in enumerate(names):
        source = data_set / f"input_{i}.pb"
        if i in places:
            tensor = Message(source.read_bytes())
            tensor.replace(onnx.TENSOR_NAME, [])
            graph.add(onnx.GRAPH_INITIALIZER, tensor.add(onnx.TENSOR_NAME, name))
        else:
            shutil.copyfile(source, target / f"input_{kept}.pb")
            kept += 1
    for output in data_set.glob("output_*.pb"):
        shutil.copyfile(output, target / output.name)
    message.replace(onnx.MODEL_GRAPH, [graph])
    path = folder / "frozen.onnx"
    path.write_bytes(message.encode())
    return path, target
