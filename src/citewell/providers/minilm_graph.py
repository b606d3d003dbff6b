"""Build the ONNX graph of all-MiniLM-L6-v2 from its safetensors, and quantise it to int8.

Run as `python -m citewell.providers.minilm_graph SAFETENSORS TARGET`, in a process of its own, so that what
it takes (about 400 MB) is given back. BERT: Devlin et al. 2019; the model: Wang et al. 2020 (MiniLM), trained by
the sentence-transformers project, Apache-2.0.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

LAYERS: Final = 6
HEADS: Final = 12
WIDTH: Final = 384
EPSILON: Final = 1e-12
MS: Final = "com.microsoft"


def tensors(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Read a safetensors file: an 8-byte length, a JSON header, then the tensors' bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "I64": "<i8"}
    return {
        name: np.frombuffer(
            data[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]],
            dtype=kinds[entry["dtype"]],
        ).reshape(entry["shape"])
        for name, entry in header.items()
    }


class Graph:
    """Nodes and weights as they are added; `add` returns the name of a node's first output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: dict[str, Any] = {}

    def weight(self, name: str, value: np.ndarray[Any, Any]) -> str:
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, domain=domain, **attributes))
        return name


def build(weights: dict[str, np.ndarray[Any, Any]]) -> onnx.ModelProto:
    """Return the float32 graph: input_ids, attention_mask (batch, length) int64 -> vectors (batch, 384), length 1."""
    graph = Graph()
    hidden = _embeddings(graph, weights)
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    for layer in range(LAYERS):
        hidden = _layer(graph, weights, f"encoder.layer.{layer}", hidden, mask)
    vectors = _pooled(graph, hidden)
    graph.nodes.append(helper.make_node("Identity", [vectors], ["vectors"]))
    shape = ["batch", "length"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", WIDTH])]
    body = helper.make_graph(graph.nodes, "minilm", inputs, outputs, list(graph.weights.values()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=8)


def _embeddings(graph: Graph, weights: dict[str, np.ndarray[Any, Any]]) -> str:
    words = graph.weight("words", weights["embeddings.word_embeddings.weight"])
    # Token type is always 0 here, so its row joins the positions.
    types = weights["embeddings.token_type_embeddings.weight"][0]
    positions = graph.weight("positions", weights["embeddings.position_embeddings.weight"] + types)
    length = graph.add("Gather", graph.add("Shape", "input_ids"), graph.weight("one", np.array([1])), axis=0)
    zero, axis = graph.weight("zero", np.array([0])), graph.weight("axis", np.array([0]))
    used = graph.add("Slice", positions, zero, length, axis)
    summed = graph.add("Add", graph.add("Gather", words, "input_ids"), used)
    return _norm(graph, weights, "embeddings.LayerNorm", summed)


def _layer(graph: Graph, weights: dict[str, np.ndarray[Any, Any]], name: str, hidden: str, mask: str) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    kernel = graph.weight(f"{name}.qkv", np.concatenate([weights[f"{p}.weight"].T for p in parts], axis=1))
    bias = graph.weight(f"{name}.qkv.bias", np.concatenate([weights[f"{p}.bias"] for p in parts]))
    mixed = graph.add("Attention", hidden, kernel, bias, mask, domain=MS, num_heads=HEADS)
    attended = _linear(graph, weights, f"{name}.attention.output.dense", mixed)
    hidden = _norm(graph, weights, f"{name}.attention.output.LayerNorm", attended, hidden)
    inner = _linear(graph, weights, f"{name}.intermediate.dense", hidden, bias=False)
    bias = graph.weight(f"{name}.inner.bias", weights[f"{name}.intermediate.dense.bias"])
    active = graph.add("BiasGelu", inner, bias, domain=MS)
    outer = _linear(graph, weights, f"{name}.output.dense", active)
    return _norm(graph, weights, f"{name}.output.LayerNorm", outer, hidden)


def _linear(
    graph: Graph, weights: dict[str, np.ndarray[Any, Any]], name: str, inputs: str, bias: bool = True
) -> str:
    product = graph.add("MatMul", inputs, graph.weight(f"{name}.weight", weights[f"{name}.weight"].T))
    return (
        graph.add("Add", product, graph.weight(f"{name}.bias", weights[f"{name}.bias"])) if bias else product
    )


def _norm(
    graph: Graph, weights: dict[str, np.ndarray[Any, Any]], name: str, inputs: str, skip: str | None = None
) -> str:
    scale = graph.weight(f"{name}.weight", weights[f"{name}.weight"])
    bias = graph.weight(f"{name}.bias", weights[f"{name}.bias"])
    if skip is None:
        return graph.add("LayerNormalization", inputs, scale, bias, axis=-1, epsilon=EPSILON)
    return graph.add("SkipLayerNormalization", inputs, skip, scale, bias, domain=MS, epsilon=EPSILON)


def _pooled(graph: Graph, hidden: str) -> str:
    """Mean over the tokens that are not padding, then length 1."""
    last = graph.weight("last", np.array([-1]))
    middle = graph.weight("middle", np.array([1]))
    mask = graph.add("Cast", graph.add("Unsqueeze", "attention_mask", last), to=TensorProto.FLOAT)
    total = graph.add("ReduceSum", graph.add("Mul", hidden, mask), middle, keepdims=0)
    return graph.add("LpNormalization", total, axis=-1, p=2)


def write(safetensors: Path, target: Path) -> None:
    """Build, quantise and write the graph, atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        whole, small = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(build(tensors(safetensors)), str(whole))
        quantize_dynamic(
            str(whole),
            str(small),
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # 7 bits: without VNNI, two full products overflow 16 bits
            op_types_to_quantize=["MatMul", "Attention", "Gather"],
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
        os.replace(small, target)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
