"""A cross-encoder from a folder of the user's: `model.onnx` (or `onnx/model.onnx`) and `tokenizer.json`.

Such a folder is what an ONNX export of a sequence classification model writes. Question and passage are read
together, as one pair (Nogueira & Cho 2019).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from citewell.errors import BadInput, Corrupt, NotFound

if TYPE_CHECKING:
    from citewell.model import Matrix

LONGEST: Final = 512
"""Tokens of a pair where neither tokenizer nor configuration says."""
BATCH: Final = 8
INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
TYPES: Final = {"tensor(int64)": "int64", "tensor(int32)": "int32"}


class CrossEncoder:
    """A Reranker: question and texts -> how well each answers, 0 to 1. Safe to share between threads.

    A model with one logit gives its sigmoid, one with two the probability of the second. What is longer than the
    model reads (by `tokenizer.json`, `tokenizer_config.json` or `config.json`) is cut. `threads` 0 uses all cores.
    NotFound for a folder or file that is not there, Corrupt for one that cannot be read, BadInput for a
    model that is not a cross-encoder.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.folder = folder
        model, tokenizer = _files(folder)
        self._session = _session(model, threads)
        self._inputs = {one.name: TYPES.get(one.type, "") for one in self._session.get_inputs()}
        _check_inputs(model, self._inputs)
        self._tokenizer = _tokenizer(tokenizer)

    def __repr__(self) -> str:
        return f"CrossEncoder({str(self.folder)!r})"

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score from 0 to 1 for each text."""
        pairs = [(question, text) for text in texts]
        by_length = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # little padding
        scores = [0.0] * len(texts)
        for start in range(0, len(texts), BATCH):
            some = by_length[start : start + BATCH]
            for at, score in zip(some, self._scores([pairs[at] for at in some]), strict=True):
                scores[at] = score
        return scores

    def _scores(self, pairs: list[tuple[str, str]]) -> list[float]:
        import numpy as np

        encoded = self._tokenizer.encode_batch(pairs)
        fields = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [one.attention_mask for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        fed = {name: np.array(fields[name], kind) for name, kind in self._inputs.items()}
        return _probabilities(np.asarray(self._session.run(None, fed)[0], np.float32), len(pairs), self)


def _probabilities(logits: Matrix, rows: int, model: CrossEncoder) -> list[float]:
    import numpy as np

    if logits.shape not in ((rows,), (rows, 1), (rows, 2)):
        raise BadInput(
            f"the model in {str(model.folder)!r} gives an output of shape {logits.shape} for {rows} pairs; a "
            "cross-encoder gives one or two logits a pair: export it for sequence classification"
        )
    one = logits[:, 1] - logits[:, 0] if logits.shape == (rows, 2) else logits.reshape(rows)
    found: list[float] = (1 / (1 + np.exp(-one.astype(np.float64)))).tolist()
    return found


def _files(folder: Path) -> tuple[Path, Path]:
    if not folder.is_dir():
        raise NotFound(
            f"there is no reranker folder {str(folder)!r}; set search.rerank to one, or to nothing"
        )
    places = ((folder / "model.onnx", folder / "onnx" / "model.onnx"), (folder / "tokenizer.json",))
    found = []
    for names in places:
        path = next((name for name in names if name.is_file()), None)
        if path is None:
            raise NotFound(
                f"the reranker folder {str(folder)!r} has no {names[0].name!r}; export the model to ONNX "
                "with its tokenizer, and put both there"
            )
        found.append(path)
    return found[0], found[1]


def _session(path: Path, threads: int) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    broken = (failures.Fail, failures.InvalidArgument, failures.InvalidGraph, failures.InvalidProtobuf)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (*broken, failures.NotImplemented, failures.NoSuchFile) as error:
        first = str(error).splitlines()[0]
        raise Corrupt(f"the reranker {str(path)!r} cannot be read: {first}; export it again") from None


def _check_inputs(path: Path, inputs: dict[str, str]) -> None:
    if "input_ids" not in inputs or set(inputs) - set(INPUTS) or not all(inputs.values()):
        raise BadInput(
            f"the reranker {str(path)!r} takes the inputs {sorted(inputs)}; a cross-encoder takes whole numbers "
            f"named {', '.join(INPUTS)}: export it for sequence classification"
        )


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        longest = _longest(path.parent, tokenizer.truncation)
    except BaseException as error:
        if (
            not isinstance(error, ValueError | OSError) and type(error) is not Exception
        ):  # its errors are bare
            raise
        raise Corrupt(f"the reranker's {str(path)!r} cannot be read: {error}") from None
    tokenizer.enable_truncation(longest)
    padding = tokenizer.padding or {}
    words = ("[PAD]", "<pad>")
    pad = next(
        ((tokenizer.token_to_id(word), word) for word in words if tokenizer.token_to_id(word)), (0, "[PAD]")
    )
    tokenizer.enable_padding(
        pad_id=padding.get("pad_id", pad[0]),
        pad_token=padding.get("pad_token", pad[1]),
        pad_type_id=padding.get("pad_type_id", 0),
    )
    return tokenizer


def _longest(folder: Path, truncation: Any) -> int:
    """Return the fewest tokens that tokenizer and configuration name."""
    named = [int(truncation["max_length"])] if truncation else []
    named += _numbers(folder / "tokenizer_config.json", "model_max_length")
    model = _numbers(folder / "config.json", "max_position_embeddings")
    # RoBERTa's positions begin after that of the padding: 514 of them are 512 tokens.
    named += [number - 2 if number % 64 == 2 else number for number in model]
    return max(8, min([*named, *([] if named else [LONGEST])]))


def _numbers(path: Path, key: str) -> list[int]:
    if not path.is_file():
        return []
    value = json.loads(path.read_text(encoding="utf-8")).get(key)
    return [int(value)] if isinstance(value, int | float) and 0 < value < 1_000_000 else []
