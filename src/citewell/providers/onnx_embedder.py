"""Any sentence-transformers model that was exported to ONNX, from a folder or a hub.

How tokens become one vector, what is put in front of questions and passages, and how much is read: the model's own
files say (`modules.json`, `1_Pooling/config.json`, `config_sentence_transformers.json`, `sentence_bert_config.json`).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from citewell.errors import BadInput, MissingExtra, NotFound, Unsupported
from citewell.providers.onnx_files import (
    Files,
    inputs_of,
    longest,
    model_of,
    read_json,
    session,
    tokenizer_of,
)

if TYPE_CHECKING:
    from citewell.model import Matrix, Vector

FILES: Final = Files("embedder", "embed.path", "feature extraction")
POOLINGS: Final = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "lasttoken")
PASSAGES: Final = ("document", "passage", "corpus")
"""What a model may call the prompt of a passage."""
FETCHED: Final = ("*.json", "*/config.json", "model.onnx*", "onnx/model.onnx*")


@dataclass(frozen=True)
class Recipe:
    """What a model's own files say: how to pool, what to put in front, how many tokens it reads."""

    poolings: tuple[str, ...] = ("mean_tokens",)
    query: str = ""
    passage: str = ""
    tokens: int = 512
    lower: bool = False


class OnnxEmbedder:
    """An Embedder from a model's folder. Safe to share between threads. `threads` 0 uses every core.

    Its name holds the hash of graph, tokenizer and recipe: other files, another embedder. Vectors have length 1
    whether or not the model normalises. A text's vector does not depend on the texts beside it.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        model = model_of(folder, FILES)
        self._session = session(model, 1, FILES)
        self._inputs = inputs_of(self._session, folder, FILES)
        self._tokenizer, self._counter = tokenizer_of(folder, FILES), tokenizer_of(folder, FILES)
        self._output, self._pooled = _output(self._session, folder)
        self.recipe = recipe_of(folder, longest(folder, self._tokenizer), self._pooled)
        self._tokenizer.enable_truncation(self.recipe.tokens)
        self._tokenizer.no_padding()
        self._counter.no_truncation()
        self._counter.no_padding()
        special = self._tokenizer.num_special_tokens_to_add(False)
        front = max(self.count([self.recipe.query, self.recipe.passage]))
        self.max_tokens = self.recipe.tokens - special - front
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="embed")
        self.dimensions = int(self._vector("a").shape[0])
        # Not the folder's own name: it may move.
        called = Path(read_json(folder / "config.json").get("_name_or_path") or "model").name
        self.name = f"onnx:{called}:{_hash(model, folder, self.recipe)[:12]}:{self.dimensions}"

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), dimensions), rows of length 1."""
        import numpy as np

        front = self.recipe.query if kind == "query" else self.recipe.passage
        rows = list(self._threads.map(self._vector, [f"{front}{text}" for text in texts]))
        return np.stack(rows) if rows else np.empty((0, self.dimensions), np.float32)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of the model's own tokens in each text, special tokens left out."""
        cased = [text.lower() for text in texts] if self.recipe.lower else list(texts)
        return [len(one) for one in self._counter.encode_batch_fast(cased, add_special_tokens=False)]

    def cut(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens at each text's end that `embed` does not see; 0 for most."""
        return [max(0, count - self.max_tokens) for count in self.count(texts)]

    def _vector(self, text: str) -> Vector:
        """Return the vector of one text; one text a run, so that nothing is padded."""
        import numpy as np

        encoded = self._tokenizer.encode(text.lower() if self.recipe.lower else text)
        fields = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        fed = {name: np.array([fields[name]], kind) for name, kind in self._inputs.items()}
        found = np.asarray(self._session.run([self._output], fed)[0][0], np.float32)
        pooled = (
            found if self._pooled else np.concatenate([_pool(found, one) for one in self.recipe.poolings])
        )
        unit: Vector = pooled / max(float(np.linalg.norm(pooled)), 1e-12)
        return unit


def recipe_of(folder: Path, tokens: int, pooled: bool) -> Recipe:
    """Read a model's own settings. Unsupported for a step that the graph does not do, and we neither."""
    modules = {
        one["type"].rpartition(".")[2]: one["path"] for one in read_json(folder / "modules.json") or ()
    }
    extra = set(modules) - {"Transformer", "Pooling", "Normalize"}
    if extra and not pooled:
        raise Unsupported(
            f"the model in {str(folder)!r} has the step {sorted(extra)[0]!r}; export it with that step inside, so "
            "that its output is sentence_embedding"
        )
    pooling = read_json(folder / modules.get("Pooling", "1_Pooling") / "config.json")
    prompts = read_json(folder / "config_sentence_transformers.json")
    named = prompts.get("prompts") or {}
    default = named.get(prompts.get("default_prompt_name") or "", "")
    passage = next((named[name] for name in PASSAGES if name in named), default)
    recipe = Recipe(
        poolings=_poolings(pooling, folder),
        query=named.get("query", default) or "",
        passage=passage or "",
        tokens=tokens,
        lower=bool(read_json(folder / "sentence_bert_config.json").get("do_lower_case")),
    )
    if pooling.get("include_prompt") is False and (recipe.query or recipe.passage):
        raise Unsupported(
            f"the model in {str(folder)!r} leaves its prompt out of pooling; choose another model"
        )
    return recipe


def _poolings(pooling: dict[str, Any], folder: Path) -> tuple[str, ...]:
    mode = pooling.get("pooling_mode")
    chosen = [mode] if isinstance(mode, str) else list(mode or ())
    chosen += [name.removeprefix("pooling_mode_") for name, on in pooling.items() if on is True]
    short = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens"}
    names = [short.get(name, name) for name in chosen if name != "include_prompt"]
    wrong = [name for name in names if name not in POOLINGS]
    if wrong:
        known = ", ".join(POOLINGS)
        raise Unsupported(f"the model in {str(folder)!r} pools by {wrong[0]!r}; known here: {known}")
    return tuple(names) or ("mean_tokens",)


def _output(graph: Any, folder: Path) -> tuple[str, bool]:
    """Return the output to use, and whether it is one vector a text. Else it is one a token."""
    outputs = {one.name: len(one.shape or ()) for one in graph.get_outputs()}
    if "sentence_embedding" in outputs:
        return "sentence_embedding", True
    tokens = [name for name, rank in outputs.items() if rank == 3]
    if not tokens:
        raise BadInput(
            f"the embedder in {str(folder)!r} gives {sorted(outputs)} and no vector for each token; export it for "
            f"{FILES.task}"
        )
    return tokens[0], False


def _pool(tokens: Matrix, how: str) -> Vector:
    """One vector of (tokens, dimensions). Reimers & Gurevych 2019."""
    if how == "cls_token":
        found: Vector = tokens[0]
    elif how == "lasttoken":
        found = tokens[-1]
    elif how == "max_tokens":
        found = tokens.max(axis=0)
    elif how == "mean_sqrt_len_tokens":
        found = tokens.sum(axis=0) / len(tokens) ** 0.5
    else:
        found = tokens.mean(axis=0)
    return found


def _hash(model: Path, folder: Path, recipe: Recipe) -> str:
    """SHA-256 of everything that decides vectors: graph, its weights beside it, tokenizer and recipe."""
    found = hashlib.sha256(repr(recipe).encode())
    for path in (*sorted(model.parent.glob("model.onnx*")), folder / "tokenizer.json"):
        with open(path, "rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def fetched(name: str) -> Path:
    """Return the folder of a model on the hub, "owner/model@commit", fetched once and kept in the hub's own cache.

    A commit is asked for, since a branch moves; what came is held to the library by its hash, in the embedder's name.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name):
        raise BadInput(
            f"embed.name is {name!r}; set it to owner/model@commit, the commit with its 40 hex digits, or set "
            "embed.path to a folder"
        )
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "models by name need huggingface-hub: pip install 'citewell[hub]'; or set embed.path"
        ) from error
    model, _, commit = name.partition("@")
    try:
        return Path(snapshot_download(model, revision=commit, allow_patterns=list(FETCHED)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise NotFound(
            f"{name!r} could not be fetched ({first}); check name and network, or set embed.path to a folder"
        ) from None


def make(path: Path | None, name: str, threads: int = 0) -> OnnxEmbedder:
    """Return the embedder of the folder `path`, else of the hub's model `name`."""
    return OnnxEmbedder(path or fetched(name), threads)
