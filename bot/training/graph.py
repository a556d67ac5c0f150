"""Writes the trained encoder as an ONNX graph: 32-bit, and with 8-bit matrices as it ships.

The graph takes word vectors with their places added (1, tokens, 384) and gives log-odds (1, 6).
Matrices are quantised a column at a time, to 7 of the 8 bits: sums of two products then fit into
the 16 bits that older processors (AVX2) have for them, so a score is the same everywhere. What is
multiplied with them is quantised a message at a time, so a score does not depend on others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, load, numpy_helper, save
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from bot.training.base import WIDTH
from bot.training.encoder import HEADS, LABELS, LAYERS, Encoder

_OPSET, _FORMAT = 20, 10
_CONTRIB = "com.microsoft"
_NAMES = (
    ("qkv", "attend"),
    ("ao", "out"),
    ("aln", "norm"),
    ("fi", "widen"),
    ("fo", "narrow"),
    ("oln", "last"),
)
"""The base's names of a layer's parts, and ours."""


class _Drawing:
    """Nodes and weights, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def node(
        self, kind: str, inputs: list[str], *outputs: str, domain: str = "", **how: object
    ) -> str:
        self.nodes.append(helper.make_node(kind, inputs, list(outputs), domain=domain, **how))
        return outputs[0]

    def weight(self, name: str, values: NDArray[np.generic]) -> str:
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def line(self, x: str, name: str, layer: nn.Linear) -> str:
        weight = self.weight(f"{name}.w", _array(layer.weight).T.copy())
        product = self.node("MatMul", [x, weight], f"{name}.product")
        return self.node("Add", [product, self.weight(f"{name}.b", _array(layer.bias))], name)

    def norm(self, x: str, name: str, layer: nn.LayerNorm) -> str:
        scale, shift = _array(layer.weight), _array(layer.bias)
        inputs = [x, self.weight(f"{name}.w", scale), self.weight(f"{name}.b", shift)]
        return self.node("LayerNormalization", inputs, name, axis=-1, epsilon=layer.eps)


def write(model: Encoder, whole: Path, small: Path) -> None:
    """Write the 32-bit graph to ``whole`` and the 8-bit one to ``small``."""
    save(_graph(model), whole)
    quantize_dynamic(
        whole,
        small,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )


def _graph(model: Encoder) -> ModelProto:
    drawing = _Drawing()
    x = drawing.norm("vectors", "start", model.norm)
    for at, layer in enumerate(model.layers):
        x = _layer(drawing, x, f"layer{at}", layer)
    axis = drawing.weight("axis", np.array([1], dtype=np.int64))
    drawing.line(drawing.node("ReduceMean", [x, axis], "mean", keepdims=0), "odds", model.head)
    shape = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [1, "tokens", WIDTH])]
    found = [helper.make_tensor_value_info("odds", TensorProto.FLOAT, [1, LABELS])]
    graph = helper.make_graph(drawing.nodes, "encoder", shape, found, drawing.weights)
    domains = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=_FORMAT)


def _layer(drawing: _Drawing, x: str, name: str, layer: nn.Module) -> str:
    line = drawing.line(x, f"{name}.attend", layer.attend)
    parts = [f"{name}.{part}" for part in ("query", "key", "value")]
    drawing.node("Split", [line], *parts, axis=-1, num_outputs=3)
    seen = drawing.node(
        "MultiHeadAttention", parts, f"{name}.seen", domain=_CONTRIB, num_heads=HEADS
    )
    out = drawing.line(seen, f"{name}.out", layer.out)
    x = drawing.norm(drawing.node("Add", [x, out], f"{name}.sum"), f"{name}.norm", layer.norm)
    wide = drawing.line(x, f"{name}.widen", layer.widen)
    bent = drawing.node("Gelu", [wide], f"{name}.bent", domain=_CONTRIB)
    narrow = drawing.line(bent, f"{name}.narrow", layer.narrow)
    return drawing.norm(
        drawing.node("Add", [x, narrow], f"{name}.total"), f"{name}.last", layer.last
    )


def _array(weight: nn.Parameter) -> NDArray[np.float32]:
    return np.asarray(weight.detach().float().numpy())


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    """The weights of a written graph, matrices as (outputs, inputs), by the names of the base's.

    The last line's are ``head.w`` and ``head.b``.
    """
    found = {one.name: numpy_helper.to_array(one) for one in load(path).graph.initializer}
    weights = {"emb.ln.w": found["start.w"], "emb.ln.b": found["start.b"]}
    weights |= {"head.w": _matrix(found, "odds"), "head.b": found["odds.b"]}
    for at in range(LAYERS):
        for name, ours in _NAMES:
            weights[f"l{at}.{name}.b"] = found[f"layer{at}.{ours}.b"]
            is_norm = f"layer{at}.{ours}.w" in found
            weights[f"l{at}.{name}.w"] = (
                found[f"layer{at}.{ours}.w"] if is_norm else _matrix(found, f"layer{at}.{ours}")
            )
        for kind in ("w", "b"):
            parts = np.split(weights.pop(f"l{at}.qkv.{kind}"), 3)
            weights |= {
                f"l{at}.{name}.{kind}": part for name, part in zip("qkv", parts, strict=True)
            }
    return weights


def _matrix(found: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    whole = found[f"{name}.w_quantized"].astype(np.float32) * found[f"{name}.w_scale"]
    return np.ascontiguousarray(whole.T)
