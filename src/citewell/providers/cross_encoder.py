"""A cross-encoder from a folder of the user's: `model.onnx` (or `onnx/model.onnx`) and `tokenizer.json`.

Such a folder is what an ONNX export of a sequence classification model writes. Question and passage are read
together, as one pair (Nogueira & Cho 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citewell.errors import BadInput
from citewell.providers.onnx_files import (
    Files,
    cut_and_pad,
    inputs_of,
    longest,
    model_of,
    session,
    tokenizer_of,
)

if TYPE_CHECKING:
    from citewell.model import Matrix

FILES: Final = Files("reranker", "search.rerank", "sequence classification")
BATCH: Final = 8


class CrossEncoder:
    """A Reranker: question and texts -> how well each answers, 0 to 1. Safe to share between threads.

    A model with one logit gives its sigmoid, one with two the probability of the second. What is longer than the
    model reads (by `tokenizer.json`, `tokenizer_config.json` or `config.json`) is cut. `threads` 0 uses all cores.
    NotFound for a folder or file that is not there, Corrupt for one that cannot be read, BadInput for a
    model that is not a cross-encoder.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.folder = folder
        self._session = session(model_of(folder, FILES), threads, FILES)
        self._inputs = inputs_of(self._session, folder, FILES)
        self._tokenizer = tokenizer_of(folder, FILES)
        cut_and_pad(self._tokenizer, longest(folder, self._tokenizer))

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
