"""Which passages match, from Qdrant's own shard inside our process (`qdrant-edge-py`)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import qdrant_edge as edge

from citewell.errors import Corrupt, OutOfSpace, Unsupported
from citewell.filters import Filter
from citewell.index import lexical
from citewell.index.qdrant_filter import payload_path, to_qdrant
from citewell.model import Fields, Point, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

T = TypeVar("T")
SIZES: Final = "sizes.json"
TRANSIENT: Final = "tracker_journal.dat"
"""A journal that the engine deletes when it has been applied: that it is gone is no damage."""
SCROLL: Final = 10_000
MOST_FIELD_INDEXES: Final = 64
# Below this many vectors a segment is searched exactly: at 384 dimensions that is faster than a graph.
FULL_SCAN_KB: Final = 10_000


class QdrantEdge:
    """An embedded shard in `folder`. Safe to share between threads; one process at a time.

    Acknowledged writes live in the catalog, so the shard may be lost at any moment: `open` raises
    Corrupt when files are damaged, and the caller rebuilds.
    """

    def __init__(self, folder: Path, dimensions: int) -> None:
        self.folder = folder
        self._shard_folder = folder / "shard"
        self._write = threading.Lock()
        self._fields: set[str] = set()
        if (self._shard_folder / "segments").exists():
            self._check_sizes()
            self._shard = _guard(lambda: edge.EdgeShard.load(str(self._shard_folder)))
            self._fields = set(self._shard.info().payload_schema)
        else:
            shutil.rmtree(self._shard_folder, ignore_errors=True)
            _guard(lambda: self._shard_folder.mkdir(parents=True, exist_ok=True))
            self._shard = _guard(lambda: edge.EdgeShard.create(str(self._shard_folder), _config(dimensions)))

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points; visible to the next search."""
        if not points:
            return
        built = [_point(point) for point in points]
        with self._write:
            self._index_fields(points)
            _guard(lambda: self._shard.update(edge.UpdateOperation.upsert_points(built)))

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""
        if ids:
            with self._write:
                _guard(lambda: self._shard.update(edge.UpdateOperation.delete_points(list(ids))))

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        payload = {"f": _payload_fields(fields)}
        with self._write:
            _guard(lambda: self._shard.update(edge.UpdateOperation.set_payload(list(ids), payload)))

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points by dot product with a unit `vector`, best first."""
        return self._query(edge.Query.Nearest(vector.tolist(), using="dense"), limit, where)

    def lexical(
        self, text: str, limit: int, where: Filter | None, scheme: Literal["bm25", "tfidf"]
    ) -> Scored:
        """Return up to `limit` points by keyword score, best first; none when no word is left to look for."""
        indices, values = lexical.bm25_query(text) if scheme == "bm25" else lexical.tfidf_query(text)
        if not indices:
            return []
        return self._query(edge.Query.Nearest(edge.SparseVector(indices, values), using=scheme), limit, where)

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
        self._note_sizes()

    def optimize(self) -> bool:
        """Build graphs and reclaim space; searches and writes go on meanwhile. True if anything changed."""
        return bool(_guard(self._shard.optimize))

    def close(self) -> None:
        """Flush and release the files."""
        self.flush()
        self._shard.close()

    def _query(self, query: Any, limit: int, where: Filter | None) -> Scored:
        chosen = to_qdrant(where) if where is not None else None
        request = edge.QueryRequest(
            limit=limit, query=query, filter=chosen, with_payload=False, with_vector=False
        )
        return [(str(point.id), float(point.score)) for point in _guard(lambda: self._shard.query(request))]

    def _index_fields(self, points: Sequence[Point]) -> None:
        """Give each new metadata field a payload index, so that filters stay fast as the library grows."""
        kinds = {key: value for point in points for key, value in point.fields.items() if value is not None}
        for key, value in kinds.items():
            try:
                path = payload_path(key)
            except Unsupported:
                continue  # a name that no filter can speak of either
            if path not in self._fields and len(self._fields) < MOST_FIELD_INDEXES:
                operation = edge.UpdateOperation.create_field_index(path, _schema(value))
                _guard(lambda operation=operation: self._shard.update(operation))  # type: ignore[misc]
                self._fields.add(path)

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


def _config(dimensions: int) -> Any:
    idf = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
    return edge.EdgeConfig(
        vectors={"dense": edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Dot)},
        sparse_vectors={"bm25": idf, "tfidf": idf},
        optimizers=edge.EdgeOptimizersConfig(default_segment_number=2, indexing_threshold=FULL_SCAN_KB),
        # The catalog's journal is the write-ahead log: a second one would only write everything twice.
        wal_enabled=False,
    )


def _point(point: Point) -> Any:
    vectors: dict[str, Any] = {"dense": point.vector.tolist()}
    if point.text:  # without words a point must not count where the engine weighs how rare a word is
        terms = lexical.analyse(point.text)
        vectors["bm25"] = edge.SparseVector(*lexical.bm25_passage(terms))
        vectors["tfidf"] = edge.SparseVector(*lexical.tfidf_passage(terms))
    payload = {"document_id": point.document_id, "f": _payload_fields(point.fields)}
    return edge.Point(point.id, vectors, payload)


def _payload_fields(fields: Fields) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _schema(value: Any) -> Any:
    if isinstance(value, bool):
        return edge.PayloadSchemaType.Bool
    if isinstance(value, int | float):
        return edge.PayloadSchemaType.Float
    return edge.PayloadSchemaType.Keyword


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
