"""A model's folder as an ONNX export writes it: `model.onnx` (or `onnx/model.onnx`), `tokenizer.json`, settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from citewell.errors import BadInput, Corrupt, NotFound

LONGEST: Final = 512
"""Tokens where neither tokenizer nor configuration says."""
INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
TYPES: Final = {"tensor(int64)": "int64", "tensor(int32)": "int32"}


@dataclass(frozen=True)
class Files:
    """What a folder is for, in messages: "reranker", its setting, and the task that it is exported for."""

    what: str
    setting: str
    task: str


def model_of(folder: Path, files: Files) -> Path:
    """Return the graph's file. NotFound when folder, graph or tokenizer is not there."""
    if not folder.is_dir():
        raise NotFound(f"there is no {files.what} folder {str(folder)!r}; set {files.setting} to one")
    model = next((path for name in ("", "onnx") if (path := folder / name / "model.onnx").is_file()), None)
    absent = [] if model else ["model.onnx"]
    absent += [] if (folder / "tokenizer.json").is_file() else ["tokenizer.json"]
    if model is None or absent:
        raise NotFound(
            f"the {files.what} folder {str(folder)!r} has no {absent[0]!r}; export the model to ONNX "
            "with its tokenizer, and put both there"
        )
    return model


def session(path: Path, threads: int, files: Files) -> Any:
    """Open the graph; `threads` 0 uses all cores. Corrupt when it cannot be read."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    broken = (failures.Fail, failures.InvalidArgument, failures.InvalidGraph, failures.InvalidProtobuf)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (*broken, failures.NotImplemented, failures.NoSuchFile) as error:
        first = str(error).splitlines()[0]
        raise Corrupt(f"the {files.what} {str(path)!r} cannot be read: {first}; export it again") from None


def inputs_of(graph: Any, folder: Path, files: Files) -> dict[str, str]:
    """Return the type of each input. BadInput for a graph that does not take a tokenizer's whole numbers."""
    inputs = {one.name: TYPES.get(one.type, "") for one in graph.get_inputs()}
    if "input_ids" not in inputs or set(inputs) - set(INPUTS) or not all(inputs.values()):
        raise BadInput(
            f"the {files.what} in {str(folder)!r} takes the inputs {sorted(inputs)}; it must take whole numbers "
            f"named {', '.join(INPUTS)}: export it for {files.task}"
        )
    return inputs


def tokenizer_of(folder: Path, files: Files) -> Any:
    """Open `tokenizer.json`. Corrupt when it cannot be read."""
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except BaseException as error:
        if not isinstance(error, ValueError | OSError) and type(error) is not Exception:
            raise  # its own errors are bare Exceptions
        raise Corrupt(f"the {files.what}'s {str(path)!r} cannot be read: {error}") from None


def cut_and_pad(tokenizer: Any, tokens: int) -> None:
    """Make the tokenizer cut at `tokens`, and pad as it says itself."""
    padding = tokenizer.padding or {}
    words = ("[PAD]", "<pad>")
    pad = next(
        ((tokenizer.token_to_id(word), word) for word in words if tokenizer.token_to_id(word)), (0, "[PAD]")
    )
    tokenizer.enable_truncation(tokens)
    tokenizer.enable_padding(
        pad_id=padding.get("pad_id", pad[0]),
        pad_token=padding.get("pad_token", pad[1]),
        pad_type_id=padding.get("pad_type_id", 0),
    )


def longest(folder: Path, tokenizer: Any) -> int:
    """Return the fewest tokens that tokenizer and configuration name; sentence-transformers' own setting first."""
    named = _numbers(folder / "sentence_bert_config.json", "max_seq_length")
    if not named:
        named = [int(tokenizer.truncation["max_length"])] if tokenizer.truncation else []
        named += _numbers(folder / "tokenizer_config.json", "model_max_length")
    model = _numbers(folder / "config.json", "max_position_embeddings")
    # RoBERTa's positions begin after that of the padding: 514 of them are 512 tokens.
    named += [number - 2 if number % 64 == 2 else number for number in model]
    return max(8, min([*named, *([] if named else [LONGEST])]))


def read_json(path: Path) -> Any:
    """Return what a settings file holds, {} where there is none. Corrupt when it is no JSON."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Corrupt(f"the model's {str(path)!r} cannot be read: {error}; fetch it again") from None


def _numbers(path: Path, key: str) -> list[int]:
    value = read_json(path).get(key)
    return [int(value)] if isinstance(value, int | float) and 0 < value < 1_000_000 else []
