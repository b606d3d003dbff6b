"""Which passages match, from Qdrant's own shard inside our process (`qdrant-edge-py`)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import qdrant_edge as edge

from citewell.errors import Corrupt, OutOfSpace, Unsupported
from citewell.filters import Filter
from citewell.index import lexical
from citewell.index.qdrant_filter import payload_path, to_qdrant
from citewell.index.qdrant_points import (
    LANGUAGE,
    MOST_FIELD_INDEXES,
    MOST_LANGUAGES,
    OVERSAMPLING,
    QUESTION,
    payload_fields,
    payload_of,
    words_of,
)
from citewell.index.shape import SCORER, check_length, check_lengths
from citewell.index.terms import Terms
from citewell.language import ENGLISH, language_of
from citewell.model import Fields, Point
from citewell.protocols import Health, Place, Scheme, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

T = TypeVar("T")
SIZES: Final = "sizes.json"
TERMS: Final = "terms.npy"
TRANSIENT: Final = "tracker_journal.dat"
"""A journal that the engine deletes when it has been applied: that it is gone is no damage."""
SCROLL: Final = 10_000
# Smaller segments are searched exactly: that is faster than a graph. Larger ones than SEGMENT_KB are not
# merged any more, so that a library that grows is not built anew again and again.
FULL_SCAN_KB: Final = 5_000
SEGMENTS: Final = 4
SEGMENT_KB: Final = 200_000

HOT: Final = ("vector_storage-dense/quantized.data", "vector_index-bm25/*", "payload_index/*/*")
"""Files of a segment that searches read all over: rounded vectors, postings, fields."""
MIB: Final = 1024 * 1024

HEALTH: Final = Health(
    f"qdrant-edge {version('qdrant-edge-py')}, embedded",
    SCORER,
    "the index, at each search, over all passages of this library; removed ones count until the next optimize",
)
_RESCORED: Final = edge.SearchParams(
    quantization=edge.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
)


class QdrantEdge:
    """An embedded shard in `folder`. Safe to share between threads; one process at a time.

    Acknowledged writes live in the catalog, so the shard may be lost at any moment: opening raises Corrupt when
    files are damaged, and the caller rebuilds. With 0 `dimensions` it holds words alone, beside a store that has
    none, and `dense` finds nothing.
    """

    def __init__(self, folder: Path, dimensions: int) -> None:
        self.folder, self.dimensions = folder, dimensions
        self._shard_folder = folder / "shard"
        self._write = threading.Lock()
        self._fields: set[str] = set()
        self._languages: tuple[str, ...] = (ENGLISH,)
        self._terms = Terms(folder / TERMS)
        if (self._shard_folder / "segments").exists():
            self._check_sizes()
            self._shard = _guard(lambda: edge.EdgeShard.load(str(self._shard_folder)))
            self._fields = set(self._shard.info().payload_schema)
            self._languages = self._found_languages()
            threading.Thread(target=warm, args=(self._shard_folder,), name="warm", daemon=True).start()
        else:
            shutil.rmtree(self._shard_folder, ignore_errors=True)
            (folder / TERMS).unlink(missing_ok=True)
            _guard(lambda: self._shard_folder.mkdir(parents=True, exist_ok=True))
            self._shard = _guard(lambda: edge.EdgeShard.create(str(self._shard_folder), _config(dimensions)))

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points; visible to the next search."""
        if not points:
            return
        if self.dimensions:
            check_lengths(points, self.dimensions)
        built, terms = zip(*(_point(point, self.dimensions) for point in points), strict=True)
        with self._write:
            self._terms.add(chain.from_iterable(terms))
            self._index_fields([point.fields for point in points])
            self._note_languages(points)
            _guard(lambda: self._shard.update(edge.UpdateOperation.upsert_points(list(built))))

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""
        if ids:
            with self._write:
                _guard(lambda: self._shard.update(edge.UpdateOperation.delete_points(list(ids))))

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        payload = {"f": payload_fields(fields)}
        with self._write:
            self._index_fields([fields])
            _guard(lambda: self._shard.update(edge.UpdateOperation.set_payload(list(ids), payload)))

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points by dot product with a unit `vector`, best first."""
        if not self.dimensions:
            return []
        check_length(vector, self.dimensions)
        return self._query(edge.Query.Nearest(vector.tolist(), using="dense"), limit, where)

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by keyword score, best first; none when no word is left to look for."""
        indices, values = QUESTION[scheme](text, self._languages)
        if not indices:
            return []
        return self._query(_sparse((indices, values), scheme), limit, where)

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word in small letters whether a point has, or had, its term; True if it has no term."""
        asked = [lexical.hashes(word, self._languages) for word in words]
        terms = list({term for some in asked for term in some})
        held = {term for term, yes in zip(terms, self._terms.held(terms), strict=True) if yes}
        return [not some or not held.isdisjoint(some) for some in asked]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`; `most` for a word that has no term."""
        chosen = to_qdrant(where) if where is not None else None
        asked = [lexical.bm25_query(word, self._languages) for word in words]
        requests = [_request(most, _sparse(one, "bm25"), chosen) for one in asked if one[0]]
        batch = edge.QueryBatchRequest(requests)
        found = iter(_guard(lambda: self._shard.query_batch(batch)) if requests else ())
        return [len(next(found)) if indices else most for indices, _ in asked]

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in: English, then the others, at most 8."""
        return self._languages

    def ids(self) -> Iterator[str]:
        """Yield every point id."""
        offset: Any = None
        while True:
            request = edge.ScrollRequest(offset=offset, limit=SCROLL, with_payload=False, with_vector=False)
            records, offset = self._shard.scroll(request)
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    def count(self) -> int:
        """Return the exact number of points."""
        return int(self._shard.count(edge.CountRequest(exact=True)))

    def flush(self) -> None:
        """Make everything that was put or dropped so far durable."""
        _guard(self._shard.flush)
        with self._write:
            _guard(self._terms.save)
        self._note_sizes()

    def optimize(self) -> bool:
        """Build graphs and reclaim space; searches and writes go on meanwhile. True if anything changed."""
        return bool(_guard(self._shard.optimize))

    def health(self) -> Health:
        """Say what this is."""
        return HEALTH

    def close(self) -> None:
        """Flush and release the files."""
        self.flush()
        self._shard.close()

    def _query(self, query: Any, limit: int, where: Filter | None) -> Scored:
        chosen = to_qdrant(where) if where is not None else None
        request = _request(limit, query, chosen)
        return [(str(point.id), float(point.score)) for point in _guard(lambda: self._shard.query(request))]

    def _index_fields(self, of: Iterable[Fields]) -> None:
        """Give each new metadata field a payload index, so that filters stay fast as the library grows."""
        kinds = {key: value for fields in of for key, value in fields.items() if value is not None}
        for key, value in kinds.items():
            try:
                path = payload_path(key)
            except Unsupported:
                continue  # a name that no filter can speak of either
            if path not in self._fields and len(self._fields) < MOST_FIELD_INDEXES:
                operation = edge.UpdateOperation.create_field_index(path, _schema(value))
                _guard(lambda operation=operation: self._shard.update(operation))  # type: ignore[misc]
                self._fields.add(path)

    def _note_languages(self, points: Sequence[Point]) -> None:
        """Look questions up in each new language too, as far as there is room."""
        new = {language_of(point.fields) for point in points} - set(self._languages)
        if new and LANGUAGE not in self._fields:
            operation = edge.UpdateOperation.create_field_index(LANGUAGE, _schema(ENGLISH))
            _guard(lambda: self._shard.update(operation))
            self._fields.add(LANGUAGE)
        self._languages = (*self._languages, *sorted(new))[:MOST_LANGUAGES]

    def _found_languages(self) -> tuple[str, ...]:
        """Return English and the languages, besides it, that most points have."""
        if LANGUAGE not in self._fields:
            return (ENGLISH,)
        found = _guard(lambda: self._shard.facet(edge.FacetRequest(LANGUAGE, MOST_LANGUAGES - 1)))
        return (ENGLISH, *(str(one.value) for one in found.hits))

    def _note_sizes(self) -> None:
        """Remember each file's size: a file that shrank since was damaged, and must not be mapped."""
        sizes = {}
        for path in self._shard_folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.name != TRANSIENT:
                    sizes[str(path.relative_to(self._shard_folder))] = path.stat().st_size
        temporary = self.folder / (SIZES + ".new")
        _guard(lambda: temporary.write_text(json.dumps(sizes)))
        os.replace(temporary, self.folder / SIZES)

    def _check_sizes(self) -> None:
        if (self.folder / SIZES).exists() and not (self.folder / TERMS).exists():
            raise Corrupt(f"index file {TERMS!r} is missing; the index is rebuilt from the catalog")
        try:
            sizes = json.loads((self.folder / SIZES).read_text())
        except FileNotFoundError:
            sizes = {}
        except ValueError:
            raise Corrupt(f"index file {SIZES!r} is damaged; it is rebuilt from the catalog") from None
        for name, size in sizes.items():
            path = self._shard_folder / name
            # A segment that is gone as a whole was replaced by optimize; a file that shrank was not.
            if path.exists() and path.stat().st_size < size:
                raise Corrupt(f"index file {name!r} was cut short; the index is rebuilt from the catalog")
            if not path.exists() and path.parent.exists():
                raise Corrupt(f"index file {name!r} is missing; the index is rebuilt from the catalog")


def open_edge(place: Place, dimensions: int) -> QdrantEdge:
    """Open the shard in a folder; one that is damaged is thrown away, to be made anew from the catalog."""
    try:
        return QdrantEdge(place.folder, dimensions)
    except Corrupt:
        shutil.rmtree(place.folder, ignore_errors=True)
        return QdrantEdge(place.folder, dimensions)


def reach(place: Place) -> Health:
    """Say what this is."""
    del place
    return HEALTH


def warm(shard: Path) -> None:
    """Read what nearly every search needs, one file after another, so that the system has it in memory.

    The engine maps its files: without this the first searches would fetch them in small pieces.
    """
    for pattern in HOT:
        for path in sorted(shard.glob(f"segments/*/{pattern}")):
            with (
                contextlib.suppress(OSError),
                path.open("rb", buffering=0) as file,
            ):  # a segment may be replaced
                while file.read(MIB):
                    pass


def _config(dimensions: int) -> Any:
    """How points are kept: all in mapped files, so that opening reads next to nothing (see `warm`).

    docs/decisions/0001 has the measurements.
    """
    dense = edge.EdgeVectorParams(
        size=dimensions or 1,
        distance=edge.Distance.Dot,
        memory=edge.Memory.Cold,
        datatype=edge.VectorStorageDatatype.Float16,  # as the catalog keeps them: nothing is lost
        quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8, memory=edge.Memory.Cold),
    )
    return edge.EdgeConfig(
        vectors={"dense": dense} if dimensions else {},
        sparse_vectors={
            "bm25": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf, memory=edge.Memory.Cold),
            "tfidf": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf, memory=edge.Memory.Cold),
        },
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=SEGMENTS, max_segment_size=SEGMENT_KB, indexing_threshold=FULL_SCAN_KB
        ),
        # The catalog's journal is the write-ahead log: a second one would only write everything twice.
        wal_enabled=False,
    )


def _request(limit: int, query: Any, chosen: Any) -> Any:
    return edge.QueryRequest(
        limit=limit, query=query, filter=chosen, params=_RESCORED, with_payload=False, with_vector=False
    )


def _sparse(found: lexical.Sparse, scheme: str) -> Any:
    return edge.Query.Nearest(edge.SparseVector(*found), using=scheme)


def _point(point: Point, dimensions: int) -> tuple[Any, list[int]]:
    """Return the engine's point, and its terms."""
    words = words_of(point)
    vectors: dict[str, Any] = {name: edge.SparseVector(*sparse) for name, sparse in words.items()}
    if dimensions:
        vectors["dense"] = point.vector.tolist()
    return edge.Point(point.id, vectors, payload_of(point)), words["bm25"][0] if words else []


def _schema(value: Any) -> Any:
    """How a field is indexed: mapped, as in memory all its values would be read and sorted at each opening."""
    if isinstance(value, bool):
        return edge.BoolIndexParams(memory=edge.Memory.Cold)
    if isinstance(value, int | float):
        return edge.FloatIndexParams(memory=edge.Memory.Cold)
    return edge.KeywordIndexParams(memory=edge.Memory.Cold)


def _guard(call: Callable[[], T]) -> T:
    """Run an engine call; turn its errors into ours. The engine raises bare `Exception`, and panics in Rust
    surface as a `BaseException` that has no importable class."""
    try:
        return call()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        text = str(error)
        if any(word in text for word in ("No space", "Read-only", "Permission denied", "os error 28")):
            raise OutOfSpace(f"the index cannot be written: {text}; free some space and try again") from error
        raise Corrupt(f"the index failed: {text}; `citewell doctor --check` says what is damaged") from error
