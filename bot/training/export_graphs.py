"""From a loaded torch model to ONNX graphs: exact, with halved weights in pieces, and in int8.

Three forms of one model, for three jobs (see ``bot.adapters.scorers.onnx``):

- ``model.fp32.onnx``: as torch computes it.
- ``judge.N.onnx``: the same computing in fp32, but the weights lie in fp16 and are widened where
  they are used; cut into layers that run one after the other, so that never more than one layer's
  weights need to be in memory (14 MB of 170 in a model of bert-base's size).
- ``model.int8.onnx``: weights and inputs of the multiplications in int8.

Word embeddings lie once, in fp16, in ``embeddings.data``, which both smaller forms refer to.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from moderation.errors import EngineUnavailable

FP32, INT8, EMBEDDINGS = "model.fp32.onnx", "model.int8.onnx", "embeddings.data"
OPSET = 23
"""The first in which attention is one operator: 512 tokens take 106 MB more than 16, not 147."""

_PAGE = 4096
_SMALL = 64
"""Numbers; what has fewer stays as it is."""
_INSIDE = 4096
"""Bytes; what has fewer stays inside the graph's file, unless it is mapped."""

Mapped = list[dict[str, Any]]
"""Weights that the engine maps itself: name, file, offset in bytes, shape."""


def export_fp32(loaded: Any, torch: Any, to: Path) -> None:
    """Write the model as torch computes it: token ids and mask (both int64, batch by length) to
    ``scores`` (probabilities, batch by label).
    """

    class Answering(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = loaded.model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.model(input_ids=input_ids, attention_mask=attention_mask)
            return torch.sigmoid(found.logits)

    like = loaded.tokenizer(["one two three four", "one"], return_tensors="pt", padding=True)
    inputs = {name: like[name] for name in ("input_ids", "attention_mask")}
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", min=2)}
    with _quiet():
        program = torch.onnx.export(
            Answering().eval(),
            kwargs=inputs,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=["scores"],
            dynamic_shapes=dict.fromkeys(inputs, free),
        )
        program.save(str(to), external_data=True)
    onnx = importlib.import_module("onnx")
    model = onnx.load(str(to), load_external_data=False)
    _without_notes(model)
    to.write_bytes(model.SerializeToString())


def _without_notes(model: Any) -> None:
    """Without the exporter's notes, which name files of the machine it ran on.

    And without the shapes it notes of weights: onnxruntime turns some of them round under the same
    name before it quantises, and then stops over the note.
    """
    del model.metadata_props[:]
    weights = {weight.name for weight in model.graph.initializer}
    shapes = [each for each in model.graph.value_info if each.name not in weights]
    del model.graph.value_info[:]
    model.graph.value_info.extend(shapes)
    for each in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        each.ClearField("doc_string")
        del each.metadata_props[:]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says to its own authors."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def halved(fp32: Path, folder: Path) -> Mapping[str, Mapped]:
    """Write the judge's pieces and the embeddings; the weights to map, by the piece's name."""
    onnx = importlib.import_module("onnx")
    model = onnx.load(str(fp32))
    embeddings = set(_embeddings(model))
    halves = {name: name in embeddings for name in (*embeddings, *_multiplied(model))}
    _widen_where_used(onnx, model, halves)
    found: dict[str, Mapped] = {}
    for number, piece in enumerate(_cut(onnx, model)):
        name = f"judge.{number}.onnx"
        shared = dict.fromkeys(embeddings, EMBEDDINGS)
        found[name] = _save(onnx, piece, folder, name, shared)
    return found


def quantised(fp32: Path, folder: Path) -> Mapped:
    """Write the int8 model over the embeddings that ``halved`` wrote; the weights to map."""
    onnx = importlib.import_module("onnx")
    quantization = importlib.import_module("onnxruntime.quantization")
    with TemporaryDirectory(dir=folder) as room, _quiet():
        plain = Path(room) / INT8
        quantization.quantize_dynamic(
            str(fp32),
            str(plain),
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,  # 7 bits: without, processors before VNNI lose what overflows
            weight_type=quantization.QuantType.QInt8,
            use_external_data_format=True,
            extra_options={"MatMulConstBOnly": True},
        )
        model = onnx.load(str(plain))
    embeddings = _embeddings(model)
    _widen_where_used(onnx, model, dict.fromkeys(embeddings, True))
    return _save(onnx, model, folder, INT8, dict.fromkeys(embeddings, EMBEDDINGS))


def _multiplied(model: Any) -> list[str]:
    """The weights of multiplications that are worth halving."""
    large = _large(model)
    nodes = (n for n in model.graph.node if n.op_type in ("MatMul", "Gemm"))
    return sorted({name for node in nodes for name in node.input if name in large})


def _embeddings(model: Any) -> list[str]:
    """The table that the token ids look up."""
    large = _large(model)
    nodes = (n for n in model.graph.node if n.op_type == "Gather" and "input_ids" in n.input)
    found = sorted({node.input[0] for node in nodes if node.input[0] in large})
    if len(found) != 1:
        raise EngineUnavailable(f"the exported graph has {len(found)} tables of words instead of 1")
    return found


def _large(model: Any) -> set[str]:
    weights = model.graph.initializer
    return {w.name for w in weights if len(w.dims) == 2 and w.dims[0] * w.dims[1] > _SMALL}


def _widen_where_used(onnx: Any, model: Any, halves: Mapping[str, bool]) -> None:
    """Turn weights into fp16 and widen them: before use, or after the look-up where ``True``."""
    graph = model.graph
    for weight in graph.initializer:
        if weight.name in halves:
            values = onnx.numpy_helper.to_array(weight).astype("float16")
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    before = [name for name, looked_up in halves.items() if not looked_up]
    nodes: list[Any] = []
    for node in graph.node:
        for name in before:
            if name in node.input:
                nodes.append(_widening(onnx, name, f"{name}.wide"))
                _renamed(node.input, name, f"{name}.wide")
        nodes.append(node)
        if node.op_type == "Gather" and halves.get(node.input[0]):
            wide = node.output[0]
            node.output[0] = f"{wide}.half"
            nodes.append(_widening(onnx, f"{wide}.half", wide))
    del graph.node[:]
    graph.node.extend(nodes)


def _widening(onnx: Any, name: str, wide: str) -> Any:
    return onnx.helper.make_node("Cast", [name], [wide], to=onnx.TensorProto.FLOAT)


def _renamed(names: Any, old: str, new: str) -> None:
    for at, name in enumerate(names):
        if name == old:
            names[at] = new


def _cut(onnx: Any, model: Any) -> list[Any]:
    """The graph cut behind the last normalisation of each layer but the last.

    What a later piece needs of an earlier one becomes an output here and an input there.
    """
    nodes = list(model.graph.node)
    ends = [at + 1 for at, node in enumerate(nodes) if node.op_type == "LayerNormalization"][2::2]
    if not ends:
        raise EngineUnavailable("the exported graph has no layers as BERT has them")
    cuts = ends[:-1]
    spans = zip([0, *cuts], [*cuts, len(nodes)], strict=True)
    return [_part(onnx, model, nodes, start, stop) for start, stop in spans]


def _part(onnx: Any, model: Any, nodes: Sequence[Any], start: int, stop: int) -> Any:
    graph = model.graph
    own = nodes[start:stop]
    weights = {weight.name: weight for weight in graph.initializer}
    made, later = _outputs(own), _inputs(nodes[stop:])
    used = _inputs(own)
    last = {each.name for each in graph.output}
    kinds = {each.name: each for each in (*graph.value_info, *graph.input, *graph.output)}
    part = onnx.helper.make_graph(
        own,
        graph.name,
        [kinds[name] for name in used if name not in made and name not in weights],
        [kinds[name] for name in made if name in later or name in last],
        [weights[name] for name in used if name in weights],
    )
    return onnx.helper.make_model(
        part, opset_imports=model.opset_import, ir_version=model.ir_version
    )


def _inputs(nodes: Iterable[Any]) -> dict[str, None]:
    return {name: None for node in nodes for name in node.input if name}


def _outputs(nodes: Iterable[Any]) -> dict[str, None]:
    return {name: None for node in nodes for name in node.output if name}


def _save(onnx: Any, model: Any, folder: Path, name: str, shared: Mapping[str, str]) -> Mapped:
    """Write the graph, its large weights beside it, and the ``shared`` ones into their files.

    Of weights in fp16 it returns where they lie: each begins on a page, so that it can be mapped.
    """
    mapped: Mapped = []
    half = onnx.TensorProto.FLOAT16
    with (folder / f"{name}.data").open("wb") as own:
        for weight in model.graph.initializer:
            content = onnx.numpy_helper.to_array(weight).tobytes()
            if len(content) < _INSIDE and weight.data_type != half:
                continue
            place = shared.get(weight.name, f"{name}.data")
            offset = 0 if weight.name in shared else _appended(own, content)
            if weight.name in shared:
                (folder / place).write_bytes(content)
            _move_out(onnx, weight, place, offset, len(content))
            if weight.data_type == half:
                where = {"file": place, "offset": offset, "shape": list(weight.dims)}
                mapped.append({"name": weight.name, **where})
    (folder / name).write_bytes(model.SerializeToString())
    return mapped


def _appended(file: Any, content: bytes) -> int:
    file.write(b"\0" * (-file.tell() % _PAGE))
    offset = int(file.tell())
    file.write(content)
    return offset


def _move_out(onnx: Any, weight: Any, place: str, offset: int, length: int) -> None:
    weight.ClearField("raw_data")
    weight.ClearField("float_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    del weight.external_data[:]
    for key, value in (("location", place), ("offset", offset), ("length", length)):
        weight.external_data.add(key=key, value=str(value))
