"""Build the int8 ONNX graph of all-MiniLM-L6-v2 from its safetensors.

Run as `python -m citewell.providers.minilm_graph SAFETENSORS TARGET`, in a process of its own, so that what
it takes (about 300 MB) is given back. BERT: Devlin et al. 2019; the model: Wang et al. 2020 (MiniLM), trained by
the sentence-transformers project, Apache-2.0. How it was chosen: docs/decisions/0002-default-embedder.md.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS: Final = 6
HEADS: Final = 12
WIDTH: Final = 384
LONGEST: Final = 256
EPSILON: Final = 1e-12
TOP: Final = 64
"""Largest int8 weight. Without VNNI two products are summed in 16 bits: 2 * 255 * 64 < 2^15, so none is cut."""
LEAST_GELU: Final = np.float32(0.17)
"""GELU goes down to -0.17, however negative its input."""
MS: Final = "com.microsoft"

Tensor: TypeAlias = "np.ndarray[Any, Any]"
Weights: TypeAlias = dict[str, Tensor]


def tensors(path: Path) -> Weights:
    """Read a safetensors file: an 8-byte length, a JSON header, then the tensors' bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "I64": "<i8"}
    body = memoryview(data)[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(
            entry["shape"]
        )
        for name, entry in header.items()
    }


class Graph:
    """Nodes and weights as they are added. `precise` leaves all weights in float32, to compare with."""

    def __init__(self, weights: Weights, precise: bool) -> None:
        self.source = weights
        self.precise = precise
        self.nodes: list[Any] = []
        self.weights: dict[str, Any] = {}

    def weight(self, name: str, value: Tensor) -> str:
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def taken(self, name: str) -> str:
        """Add a weight of the model as it is."""
        return self.weight(name, self.source[name])

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return the output's name."""
        return self.several(op, *inputs, outputs=1, domain=domain, **attributes)[0]

    def several(self, op: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        name = f"{op}_{len(self.nodes)}"
        names = [f"{name}.{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=name, domain=domain, **attributes))
        return names


def build(weights: Weights, *, precise: bool = False) -> onnx.ModelProto:
    """Return the graph: input_ids (batch, length) int64, no padding -> vectors (batch, 384), rows of length 1."""
    graph = Graph(weights, precise)
    hidden = _embeddings(graph)
    for layer in range(LAYERS):
        hidden = _layer(graph, f"encoder.layer.{layer}", hidden)
    # The mean over the tokens and their sum have the same direction.
    total = graph.add("ReduceSum", hidden, graph.weight("tokens", np.array([1])), keepdims=0)
    vectors = graph.add("LpNormalization", total, axis=-1, p=2)
    graph.nodes.append(helper.make_node("Identity", [vectors], ["vectors"]))
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", WIDTH])]
    body = helper.make_graph(graph.nodes, "minilm", inputs, outputs, list(graph.weights.values()))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(MS, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=9)


def quantised(weights: Tensor, top: int) -> tuple[Tensor, Tensor]:
    """Return int8 weights of -top to top, and the scale of each column: weights ≈ int8 * scale."""
    scale = np.maximum(np.abs(weights).max(axis=0) / top, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(weights / scale).astype(np.int8), scale


def _embeddings(graph: Graph) -> str:
    # Token type is always 0 here, so its row joins the positions.
    types = graph.source["embeddings.token_type_embeddings.weight"][0]
    rows = graph.source["embeddings.position_embeddings.weight"][:LONGEST] + types
    shape = graph.add("Shape", "input_ids")
    length = graph.add("Gather", shape, graph.weight("one", np.array([1])), axis=0)
    zero, axis = graph.weight("zero", np.array([0])), graph.weight("axis", np.array([0]))
    positions = graph.add("Slice", graph.weight("positions", rows), zero, length, axis)
    return _norm(graph, "embeddings.LayerNorm", graph.add("Add", _words(graph), positions))


def _words(graph: Graph) -> str:
    name = "embeddings.word_embeddings.weight"
    if graph.precise:
        return graph.add("Gather", graph.taken(name), "input_ids")
    table, scale = quantised(graph.source[name].T, 127)  # a scale for each word
    found = graph.add("Gather", graph.weight("words", table.T), "input_ids")
    scales = graph.add("Gather", graph.weight("words.scale", scale[:, None]), "input_ids")
    return graph.add("Mul", graph.add("Cast", found, to=TensorProto.FLOAT), scales)


def _layer(graph: Graph, name: str, hidden: str) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    # Without a mask this is the tiled kernel (FlashAttention's), which a mask would switch off.
    heads = graph.add("MultiHeadAttention", *_projected(graph, parts, hidden), domain=MS, num_heads=HEADS)
    attended = _linear(graph, f"{name}.attention.output.dense", heads)
    # Not SkipLayerNormalization: on CPUs it is several times slower than its two parts.
    hidden = _norm(graph, f"{name}.attention.output.LayerNorm", graph.add("Add", attended, hidden))
    active = graph.add("Gelu", _linear(graph, f"{name}.intermediate.dense", hidden))
    outer = _evened(graph, name, active)
    return _norm(graph, f"{name}.output.LayerNorm", graph.add("Add", outer, hidden))


def _evened(graph: Graph, name: str, active: str) -> str:
    """Project `active` back to the hidden width, its channels evened out before they are quantised.

    One int8 scale serves all 1,536 channels, and a few of them are far larger than the rest. Each is divided by about
    its own largest value, and its weights multiplied by it, as in SmoothQuant (Xiao et al. 2023) with alpha = 1; the
    largest value is not measured but follows from the layer norm before: mean + 4 standard deviations.
    """
    dense = f"{name}.output.dense"
    if graph.precise:
        return _linear(graph, dense, active)
    before, source = f"{name}.attention.output.LayerNorm", graph.source
    kernel = source[f"{name}.intermediate.dense.weight"].T
    mean = source[f"{before}.bias"] @ kernel + source[f"{name}.intermediate.dense.bias"]
    deviation = np.sqrt(((source[f"{before}.weight"][:, None] * kernel) ** 2).sum(axis=0))
    largest = np.maximum(mean + 4 * deviation, LEAST_GELU)
    even = graph.add("Mul", active, graph.weight(f"{dense}.even", 1 / largest))
    return _linear(graph, dense, even, rows=largest[:, None])


def _projected(graph: Graph, names: list[str], hidden: str) -> list[str]:
    """Return query, key and value; `hidden` is quantised once for the three."""
    if graph.precise:
        return [_linear(graph, name, hidden) for name in names]
    small, scale, zero = graph.several("DynamicQuantizeLinear", hidden, outputs=3)
    projected = []
    for name in names:
        kernel, scales, bias = _kernel(graph, name)
        inputs = (small, kernel, scale, scales, zero, "", bias)
        projected.append(graph.add("MatMulIntegerToFloat", *inputs, domain=MS))
    return projected


def _linear(graph: Graph, name: str, inputs: str, rows: Tensor | float = 1.0) -> str:
    """Return inputs @ (weight * rows) + bias."""
    if graph.precise:
        kernel = graph.weight(f"{name}.weight", graph.source[f"{name}.weight"].T)
        return graph.add("Add", graph.add("MatMul", inputs, kernel), graph.taken(f"{name}.bias"))
    kernel, scales, bias = _kernel(graph, name, rows)
    return graph.add("DynamicQuantizeMatMul", inputs, kernel, scales, "", bias, domain=MS)


def _kernel(graph: Graph, name: str, rows: Tensor | float = 1.0) -> tuple[str, str, str]:
    kernel, scales = quantised(graph.source[f"{name}.weight"].T * np.float32(rows), TOP)
    named = graph.weight(f"{name}.weight", kernel), graph.weight(f"{name}.scale", scales)
    return *named, graph.taken(f"{name}.bias")


def _norm(graph: Graph, name: str, inputs: str) -> str:
    scale, bias = graph.taken(f"{name}.weight"), graph.taken(f"{name}.bias")
    return graph.add("LayerNormalization", inputs, scale, bias, axis=-1, epsilon=EPSILON)


def write(safetensors: Path, target: Path) -> None:
    """Build, quantise and write the graph, atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        whole = Path(folder) / target.name
        onnx.save(build(tensors(safetensors)), str(whole))
        os.replace(whole, target)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
