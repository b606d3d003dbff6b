"""The pipeline on Ray Data: blobs go out in waves, jobs with vectors come back in order, and are written here."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from citewell.bulk import work
from citewell.bulk.connect import Address, connection, nodes_of, reached
from citewell.errors import CitewellError, ProviderError
from citewell.incoming import Blob, Failure
from citewell.plugins import KEYS
from citewell.prepare import Job, Prepare
from citewell.settings import EmbedConfig

MIB: Final = 1024 * 1024
WAVE_BYTES: Final = 128 * MIB
"""Bytes that are read ahead of the workers, at most: what the object store holds of documents at once."""
WAVE_BLOBS: Final = 20_000
BLOCK_BYTES: Final = 64 * 1024
BLOCK_BLOBS: Final = 32
"""A block is what a worker takes at once: a second's work of text, so that all end together; or one larger file."""
STORE_BYTES: Final = 512 * MIB
"""What the pipeline may hold in the cluster's object stores."""


@dataclass(frozen=True)
class RayData:
    """A Spread (see prepare.py) on a Ray cluster: `local`, `ray://HOST:PORT` or `HOST:PORT`, inside `connected`.

    `workers` is how many embed at once, each with one thread; 0 takes what the cluster has. What a dead worker had is
    given to another. BadInput for what is no address; MissingExtra without Ray.
    """

    address: Address
    embed: EmbedConfig
    workers: int = 0

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Start Ray here, or reach the cluster; a Ray that was started here ends with it.

        ProviderError when nothing answers, or a node cannot do the work.
        """
        with connection(self.address, self.workers):
            nodes_of()
            yield

    def __call__(self, prepare: Prepare, blobs: Iterable[Blob]) -> Iterator[Job | Failure]:
        recipe = pickle.dumps(self._recipe(prepare))
        for wave in waves(blobs):
            stored = work.prints_of(prepare.catalog.embedded.all())
            for name, outcomes in self._done(wave, recipe, stored):
                yield from prepare.settled(name, list(map(work.unpacked, outcomes)))

    def _recipe(self, prepare: Prepare) -> work.Recipe:
        """What is counted, or needs the catalog, stays here: a service's embedding, and what a chat model writes."""
        bare = replace(prepare, catalog=cast(Any, None), embedder=cast(Any, None), writing=None, spread=None)
        embeds = prepare.writing is None and self.embed.model not in KEYS
        return work.Recipe(bare, self.embed, prepare.embedder.name, embeds)

    def _done(
        self, wave: list[Blob], recipe: bytes, stored: Any
    ) -> Iterator[tuple[str, list[Job | Failure]]]:
        import ray
        from ray.exceptions import RayError

        held = [ray.put(stored)]
        try:
            for batch in self._pipeline(wave, recipe, held).iter_batches(
                batch_size=None, batch_format="pyarrow"
            ):
                yield from work.values_of(batch)
        except RayError as error:
            raise _said(error) from error

    def _pipeline(self, wave: list[Blob], recipe: bytes, held: list[Any]) -> Any:
        """Build read → split → embed. Ray runs the steps of a block in one worker, one after the other."""
        import ray
        import ray.data

        _limits()
        whole: dict[str, Any] = {"batch_format": "pyarrow", "batch_size": None}
        documents = ray.data.from_arrow([work.table_of(block) for block in blocks(wave)])
        split = documents.map_batches(work.read_and_split, fn_kwargs={"recipe": recipe}, num_cpus=1, **whole)
        made: work.Recipe = pickle.loads(recipe)
        if not made.embeds:
            return split
        most = self.workers or None
        start = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=most, initial_size=start)
        given: dict[str, Any] = {"fn_constructor_args": (recipe, held), "compute": pool, "num_cpus": 1}
        # Other resources than those of `split` would part the steps: each would wait for the other's processors.
        return split.map_batches(work.Embed, **given, **whole)


def spread_on(address: str, workers: int, embed: EmbedConfig) -> RayData:
    """Return where many documents are read, split and embedded.

    BadInput for what is no address, MissingExtra without Ray, ProviderError when nothing listens there.
    """
    return RayData(reached(address), embed, workers)


def waves(blobs: Iterable[Blob]) -> Iterator[list[Blob]]:
    """Collect blobs until they are enough to keep a cluster busy, and few enough to be held in memory."""
    return _groups(blobs, WAVE_BYTES, WAVE_BLOBS)


def blocks(wave: Iterable[Blob]) -> Iterator[list[Blob]]:
    """Cut a wave into what a worker takes at once."""
    return _groups(wave, BLOCK_BYTES, BLOCK_BLOBS)


def _groups(blobs: Iterable[Blob], most_bytes: int, most: int) -> Iterator[list[Blob]]:
    group: list[Blob] = []
    size = 0
    for blob in blobs:
        group.append(blob)
        size += len(blob.data)
        if size >= most_bytes or len(group) >= most:
            yield group
            group, size = [], 0
    if group:
        yield group


def _limits() -> None:
    """Order is kept (a document that comes twice has two versions), memory bounded; Ray draws no bars of its own."""
    import logging

    from ray.data import DataContext, ExecutionResources

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_options.preserve_order = True
    context.execution_options.resource_limits = ExecutionResources(object_store_memory=STORE_BYTES)
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _said(error: Any) -> CitewellError:
    """Return what a worker raised on purpose; else one line of what happened to it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CitewellError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    last = lines[-1].strip() if lines else type(error).__name__
    return ProviderError(
        f"the Ray workers failed ({type(error).__name__}: {last[:300]}); what was acknowledged is kept, and the same "
        "command goes on from there",
        retryable=True,
    )
