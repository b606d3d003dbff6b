"""What a worker does: blobs -> jobs -> jobs with their vectors, in batches. No catalog, no key, no service.

A batch is an Arrow table with one column of pickles: a Blob; then its name with a Job or a
Failure for each of its documents.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from citewell.catalog import vectors
from citewell.errors import BadInput
from citewell.incoming import Blob, Failure
from citewell.prepare import Job, Prepare
from citewell.settings import EmbedConfig

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Prints: TypeAlias = npt.NDArray[np.uint64]

COLUMN: Final = "pickle"
KEY: Final = 8
"""Bytes of a hash that tell it from the others; one taken for another is embedded by whoever writes."""


@dataclass(frozen=True)
class Recipe:
    """What a worker has to know: how to prepare, with which embedder. `name` is what it has to be called.

    `embeds` is false where whoever writes embeds: a service, whose cost is counted there, or texts that a model writes.
    """

    prepare: Prepare  # without catalog and embedder, which stay where they are
    embed: EmbedConfig
    name: str
    embeds: bool


def table_of(values: Iterable[object]) -> Any:
    """Return values as a batch."""
    import pyarrow

    column = pyarrow.array([pickle.dumps(one) for one in values], pyarrow.large_binary())
    return pyarrow.table({COLUMN: column})


def values_of(table: Any) -> Iterator[Any]:
    """Yield the values of a batch."""
    return map(pickle.loads, table[COLUMN].to_pylist())


def read_and_split(batch: Any, recipe: bytes) -> Any:
    """Return the jobs and failures of a batch of blobs, in order."""
    prepare = _prepare(recipe)
    blobs: Iterator[Blob] = values_of(batch)
    return table_of((blob.name, prepare.read(blob, prepare.whole)) for blob in blobs)


class Embed:
    """Jobs -> jobs with the vectors that they lack, packed. `stored` holds a reference to the prints of what is stored.

    The reference is fetched when the first batch comes: a worker that is started anew fetches it too.
    """

    def __init__(self, recipe: bytes, stored: Sequence[Any]) -> None:
        self._recipe, self._reference = recipe, stored
        self._stored: Prints | None = None

    def __call__(self, batch: Any) -> Any:
        if self._stored is None:
            import ray

            self._stored = ray.get(self._reference[0])
        read: list[tuple[str, list[Job | Failure]]] = list(values_of(batch))
        found = packed((one for _, some in read for one in some), _prepare(self._recipe), self._stored)
        return table_of((name, [_with(one, found) for one in some]) for name, some in read)


def packed(outcomes: Iterable[Job | Failure], prepare: Prepare, stored: Prints) -> dict[bytes, bytes]:
    """Return the vectors, as they are stored, of all texts of jobs whose hashes are not `stored`."""
    texts = {h: text for one in outcomes if isinstance(one, Job) for h, text in _texts(one).items()}
    lacking = _lacking(list(texts), stored)
    matrix = prepare.embedder.embed([texts[h] for h in lacking], kind="passage") if lacking else ()
    return {h: vectors.pack(row) for h, row in zip(lacking, matrix, strict=True)}


def _with(one: Job | Failure, found: dict[bytes, Any]) -> Job | Failure:
    if isinstance(one, Failure):
        return one
    return replace(one, vectors={h: found[h] for h in _texts(one) if h in found})


def unpacked(one: Job | Failure) -> Job | Failure:
    """Return a job with its vectors as a library expects them."""
    if isinstance(one, Failure):
        return one
    rows: Any = one.vectors
    return replace(one, vectors={h: vectors.unpack(row) for h, row in rows.items()})


def prints_of(hashes: Iterable[bytes]) -> Prints:
    """Return the beginnings of hashes, in order: 8 bytes for each text that has a stored vector."""
    import numpy as np

    return np.sort(np.frombuffer(b"".join(one[:KEY] for one in hashes), ">u8").astype(np.uint64))


def _lacking(hashes: list[bytes], stored: Prints) -> list[bytes]:
    import numpy as np

    if not hashes or not len(stored):
        return hashes
    wanted = np.frombuffer(b"".join(one[:KEY] for one in hashes), ">u8").astype(np.uint64)
    places = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
    return [h for h, there in zip(hashes, stored[places] == wanted, strict=True) if not there]


def _texts(job: Job) -> dict[bytes, str]:
    return dict(zip(job.hashes, job.texts, strict=True)) | dict(job.also)


@lru_cache(1)
def _prepare(recipe: bytes) -> Prepare:
    """Return what a worker prepares with; the model is loaded once a process."""
    from citewell.assemble import embedder_of

    made: Recipe = pickle.loads(recipe)
    embedder = embedder_of(replace(made.embed, threads=1))
    if embedder.name != made.name:
        raise BadInput(
            f"a worker has the embedder {embedder.name!r}, the library {made.name!r}: vectors of two models cannot be "
            "compared; install the same model and the same version of citewell on every node"
        )
    return replace(made.prepare, embedder=embedder)
