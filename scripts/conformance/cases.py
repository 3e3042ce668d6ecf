"""Which cases a folder holds. Three layouts are known, and may be mixed below one folder:

  NAME/*.onnx with inputs.npz, outputs.npz, inputs_2.npz, ...
      every model with every set; meta.json says how many sets a model takes
  NAME/model.onnx with test_data_set_N/
      the ONNX standard's own tests
  light/light_NAME.onnx with light_NAME_output_0.pb
      its large networks; their input is a ramp from 0 to 1
"""

import dataclasses
import json
import pathlib


@dataclasses.dataclass
class Case:
    """One model with the data sets that it must reproduce."""

    kind: str                     # what the summary counts by
    name: str
    model: pathlib.Path
    npz_sets: list = dataclasses.field(default_factory=list)   # (inputs.npz, outputs.npz)
    data_sets: list = dataclasses.field(default_factory=list)  # test_data_set_N
    light_output: pathlib.Path = None


def npz_pairs(folder):
    """(inputs, outputs) in order: inputs.npz, inputs_2.npz, ..."""
    pairs = []
    index = 1
    while True:
        suffix = "" if index == 1 else f"_{index}"
        pair = (folder / f"inputs{suffix}.npz", folder / f"outputs{suffix}.npz")
        if not pair[0].is_file() or not pair[1].is_file():
            return pairs
        pairs.append(pair)
        index += 1


def fixture_cases(folder):
    meta_file = folder / "meta.json"
    meta = json.loads(meta_file.read_text()) if meta_file.is_file() else {}
    pairs = npz_pairs(folder)
    for model in sorted(folder.glob("*.onnx")):
        count = meta.get(model.name, {}).get("cases", len(pairs))
        name = f"{folder.name}/{model.name}"
        yield Case(folder.name, name, model, npz_sets=pairs[:count])


def light_cases(folder):
    for model in sorted(folder.glob("*.onnx")):
        output = folder / f"{model.stem}_output_0.pb"
        if output.is_file():
            yield Case(folder.name, f"{folder.name}/{model.stem}", model, light_output=output)


def cases_in(folder):
    """The cases directly in one folder."""
    if (folder / "inputs.npz").is_file():
        yield from fixture_cases(folder)
        return
    model = folder / "model.onnx"
    data_sets = sorted(folder.glob("test_data_set_*"))
    if model.is_file() and data_sets:
        kind = folder.parent.name
        yield Case(kind, f"{kind}/{folder.name}", model, data_sets=data_sets)
        return
    yield from light_cases(folder)


def find_cases(root):
    """All cases at or below a folder, sorted by name."""
    root = pathlib.Path(root).resolve()
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    cases = [case for folder in folders for case in cases_in(folder)]
    return sorted(cases, key=lambda case: case.name)
