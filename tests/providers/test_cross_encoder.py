"""A cross-encoder from a folder: a real, tiny ONNX model that counts the words which two texts share."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from citewell.errors import BadInput, CitewellError, Corrupt, NotFound
from citewell.model import Query
from citewell.providers.cross_encoder import CrossEncoder
from tests.retrieve.shelf import found, opened

WORDS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "the", "cat", "dog", "sat", "ran", "on", "mat"]
NAMES = ("input_ids", "attention_mask", "token_type_ids")


def folder_of(folder: Path, heads: int = 1, inputs: tuple[str, ...] = NAMES, kind: str = "INT64") -> Path:
    """Write a model folder. The one logit, or the second of two, is (shared words) - 1.5."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = inputs[0]
    cast = [
        helper.make_node("Cast", [name], [f"f{n}"], to=TensorProto.FLOAT) for n, name in enumerate(inputs)
    ]
    nodes = [
        *cast,
        helper.make_node("Mul", ["f1", "f2"], ["second"]),
        helper.make_node("Sub", ["f1", "second"], ["first"]),
        *(helper.make_node("Unsqueeze", [a, axis], [f"{a}{axis}"])
          for a, axis in ((ids, "two"), (ids, "one"), ("first", "two"), ("second", "one"))),
        helper.make_node("Equal", [f"{ids}two", f"{ids}one"], ["same"]),
        helper.make_node("Cast", ["same"], ["equal"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["firsttwo", "secondone"], ["pairs"]),
        helper.make_node("Mul", ["equal", "pairs"], ["shared"]),
        helper.make_node("ReduceSum", ["shared", "both"], ["sum"], keepdims=0),
        helper.make_node("Sub", ["sum", "bias"], ["flat"]),
        helper.make_node("Unsqueeze", ["flat", "one"], ["logit"]),
        helper.make_node("Sub", ["logit", "logit"], ["nought"]),
        helper.make_node("Concat", [*["nought"] * (heads - 1), "logit"], ["logits"], axis=1),
    ]  # fmt: skip
    weights = {"one": np.array([1]), "two": np.array([2]), "both": np.array([1, 2]), "bias": np.float32(2.5)}
    graph = helper.make_graph(
        nodes,
        "shared",
        [helper.make_tensor_value_info(name, getattr(TensorProto, kind), ["b", "l"]) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", heads])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "model.onnx"))
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("kind", ["INT64", "INT32"])
def test_each_text_has_the_probability_of_its_own_pair(tmp_path: Path, heads: int, kind: str) -> None:
    score = CrossEncoder(folder_of(tmp_path / "model", heads, kind=kind))
    texts = ["ran", "the cat sat on the mat", "cat", "cat sat"] * 5  # several batches, padded
    shared = {"ran": 0, "the cat sat on the mat": 2, "cat": 1, "cat sat": 2}
    expected = [sigmoid(shared[text] - 1.5) for text in texts]
    assert score("cat sat", texts) == pytest.approx(expected, abs=1e-6)
    assert score("cat sat", []) == []


@pytest.mark.parametrize(
    ("name", "content", "longest"),
    [
        ("none.json", {}, 512),
        ("tokenizer_config.json", {"model_max_length": 8}, 8),
        ("tokenizer_config.json", {"model_max_length": 1e30}, 512),
        ("config.json", {"max_position_embeddings": 64}, 64),
        ("config.json", {"max_position_embeddings": 66}, 64),  # RoBERTa's
    ],
)
def test_what_the_model_cannot_read_is_cut(
    tmp_path: Path, name: str, content: dict[str, float], longest: int
) -> None:
    folder = folder_of(tmp_path / "model")
    (folder / name).write_text(json.dumps(content))
    fits = "ran " * (longest - 5) + "cat"  # with [CLS] cat [SEP] before and [SEP] after
    scores = CrossEncoder(folder)("cat", [fits, f"ran {fits}"])
    assert scores == pytest.approx([sigmoid(-0.5), sigmoid(-1.5)], abs=1e-6)


def test_search_is_ordered_by_the_model_in_the_configured_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "model")
    texts = {"a": "dog dog ran", "b": "the cat sat on the mat", "c": "cat ran the mat"}
    with opened(tmp_path, texts, search_rerank=str(folder)) as library:
        assert found(library, "cat sat on mat")[0] == "b"
        hits = library.search(Query("cat sat on mat"))
        assert [stage.name for stage in hits[0].stages][-1] == "reranked"
        assert hits[0].score == pytest.approx(sigmoid(4 - 1.5), abs=1e-6)


def missing_model(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def missing_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def missing_folder(folder: Path) -> None:
    missing_model(folder)
    missing_tokenizer(folder)
    folder.rmdir()


def broken_model(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"not a model")


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": {"type": "Odd"}}')


def broken_settings(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def other_inputs(folder: Path) -> None:
    folder_of(folder, inputs=("pixels", "attention_mask", "token_type_ids"))


def float_inputs(folder: Path) -> None:
    folder_of(folder, kind="FLOAT")


@pytest.mark.parametrize(
    ("break_it", "error", "said"),
    [
        (missing_folder, NotFound, "search.rerank"),
        (missing_model, NotFound, "model.onnx"),
        (missing_tokenizer, NotFound, "tokenizer.json"),
        (broken_model, Corrupt, "model.onnx"),
        (broken_tokenizer, Corrupt, "tokenizer.json"),
        (broken_settings, Corrupt, "cannot be read"),
        (other_inputs, BadInput, "pixels"),
        (float_inputs, BadInput, "whole numbers"),
    ],
)
def test_a_folder_that_will_not_do_is_refused_when_the_library_opens(
    tmp_path: Path, break_it: object, error: type[CitewellError], said: str
) -> None:
    folder = folder_of(tmp_path / "model")
    break_it(folder)  # type: ignore[operator]
    with pytest.raises(error, match=said):
        opened(tmp_path, search_rerank=str(folder))


def test_a_model_with_other_outputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\(1, 3\)"):
        CrossEncoder(folder_of(tmp_path / "model", heads=3))("cat", ["cat"])
