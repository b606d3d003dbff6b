"""A stub of Pinecone (API 2026-07), on this machine's loopback. It is not Pinecone, and was never compared with it.

Every request is checked against the published schema (`pinecone_schema`), and refused in the vendor's own form where
it does not fit. What it finds, it finds by brute force. As the service, it is eventually consistent: a write gets a
log sequence number (`x-pinecone-request-lsn`) at once, and is seen a moment later (`x-pinecone-max-indexed-lsn`).

Guessed, as no schema says it: that list, fetch and counts see a write when search does; that $ne and $nin match where
the field is missing.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import numpy as np

from tests.index.stubs import pinecone_schema as schema
from tests.index.stubs.shapes import Refused, Shape

Document: TypeAlias = dict[str, Any]
Passes: TypeAlias = Callable[[Document], bool]
KEY: Final = "stub-key"
KEY_ENV: Final = "STUB_PINECONE_KEY"


class Failure(Exception):
    """An answer that is none: a status, a code, a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Namespace:
    """Documents by id, searched one by one; writes wait in a log until they are due."""

    def __init__(self, dense: str | None, sparse: str | None) -> None:
        self.fields = (dense, sparse)
        self.lsn = self.indexed = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.documents: dict[str, Document] = {}
        self._postings: dict[int, dict[str, float]] = defaultdict(dict)
        self._rows: tuple[list[str], Any] | None = None

    def write(self, delay: float, change: Callable[[], None]) -> int:
        self.lsn += 1
        self._due.append((time.monotonic() + delay, self.lsn, change))
        return self.lsn

    def seen(self) -> dict[str, Document]:
        """Return the documents as searches see them now."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, self.indexed, change = self._due.pop(0)
            change()
            self._rows = None
        return self.documents

    def put(self, document: Document) -> None:
        self.remove(document["_id"])
        self.documents[document["_id"]] = document
        for index, weight in self._sparse(document):
            self._postings[index][document["_id"]] = weight

    def remove(self, one: str) -> None:
        if old := self.documents.pop(one, None):
            for index, _ in self._sparse(old):
                self._postings[index].pop(one, None)

    def patch(self, change: Document) -> None:
        if old := self.documents.get(change["_id"]):
            gone = change.get("_remove_fields", ())
            kept = {name: value for name, value in old.items() if name not in gone}
            self.put(kept | {name: value for name, value in change.items() if name != "_remove_fields"})

    def clear(self) -> None:
        self.documents.clear()
        self._postings.clear()

    def nearest(self, vector: list[float], passes: Passes) -> list[tuple[float, str]]:
        """Score by dot product."""
        if not self.seen():
            return []
        if self._rows is None:
            rows = [one[str(self.fields[0])] for one in self.documents.values()]
            self._rows = list(self.documents), np.asarray(rows, np.float32)
        ids, matrix = self._rows
        scores = (matrix @ np.asarray(vector, np.float32)).tolist()
        return [(score, one) for score, one in zip(scores, ids, strict=True) if passes(self.documents[one])]

    def sharing(self, sparse: dict[str, list[Any]], passes: Passes) -> list[tuple[float, str]]:
        """Score by dot product what shares an index; a score of 0 is no match."""
        self.seen()
        scores: dict[str, float] = defaultdict(float)
        for index, weight in zip(sparse["indices"], sparse["values"], strict=True):
            for one, other in self._postings.get(index, {}).items():
                scores[one] += weight * other
        return [(score, one) for one, score in scores.items() if score != 0 and passes(self.documents[one])]

    def _sparse(self, document: Document) -> Iterator[tuple[int, float]]:
        values = document.get(str(self.fields[1])) or {"indices": [], "values": []}
        weights = np.asarray(values["values"], np.float32).tolist()
        return zip(values["indices"], weights, strict=True)


@dataclass
class Index:
    """An index: its description, and its namespaces."""

    model: dict[str, Any]
    namespaces: dict[str, Namespace] = field(default_factory=dict)

    def field_of(self, kind: str) -> str | None:
        fields = self.model["schema"]["fields"]
        return next((name for name, one in fields.items() if one["type"] == kind), None)

    def namespace(self, name: str) -> Namespace:
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(self.field_of("dense_vector"), self.field_of("sparse_vector"))
        return self.namespaces[name]


class StubPinecone:
    """The service: control plane and data plane under one address. `delay` is how long a write stays unseen."""

    def __init__(self, delay: float = 0.03) -> None:
        self.delay = delay
        self.tells_lsn = True
        self.indexes: dict[str, Index] = {}
        self.lock = threading.RLock()
        self.refused: list[str] = []
        self.url = ""

    # -- control plane ------------------------------------------------------------------------------

    def control(self, method: str, path: list[str], body: Any, host: str) -> tuple[int, Any]:
        match method, path:
            case "GET", ["indexes"]:
                return 200, {"indexes": [self._model(one, host) for one in self.indexes.values()]}
            case "POST", ["indexes"]:
                check(schema.CREATE_INDEX, body, 422, "UNPROCESSABLE_ENTITY")
                return 201, self._model(self._create(body), host)
            case "GET", ["indexes", name]:
                return 200, self._model(self.index(name), host)
            case "PATCH", ["indexes", name]:
                check(schema.CONFIGURE_INDEX, body, 422, "UNPROCESSABLE_ENTITY")
                found = self.index(name)
                merged = {**found.model["tags"], **body.get("tags", {})}
                found.model["tags"] = {key: value for key, value in merged.items() if value}
                return 200, self._model(found, host)
            case "DELETE", ["indexes", name]:
                self.index(name)
                del self.indexes[name]
                return 202, None
        raise Failure(404, "NOT_FOUND", f"Not found: {method} /{'/'.join(path)}")

    def index(self, name: str) -> Index:
        if name not in self.indexes:
            raise Failure(404, "NOT_FOUND", f"Resource {name} not found")
        return self.indexes[name]

    def _create(self, body: dict[str, Any]) -> Index:
        name = body.get("name") or f"index-{len(self.indexes)}"
        if name in self.indexes:
            raise Failure(409, "ALREADY_EXISTS", "Resource already exists.")
        default = {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"}
        model = {
            "name": name,
            "status": {"ready": True, "state": "Ready"},
            "deployment": body.get("deployment", default),
            "schema": body["schema"],
            "tags": dict(body.get("tags") or {}),
            "deletion_protection": "disabled",
        }
        self.indexes[name] = Index(model)
        return self.indexes[name]

    def _model(self, index: Index, host: str) -> dict[str, Any]:
        return {
            **index.model,
            "host": f"http://{host}/at/{index.model['name']}",
            "tags": index.model["tags"] or None,
        }

    # -- data plane ---------------------------------------------------------------------------------

    def data(self, method: str, index: Index, path: list[str], body: Any) -> tuple[int, Any, dict[str, int]]:
        match method, path:
            case "POST", ["namespaces"]:
                check(schema.CREATE_NAMESPACE, body)
                if body["name"] in index.namespaces:
                    raise Failure(409, "ALREADY_EXISTS", f"Namespace {body['name']} already exists")
                index.namespace(body["name"])
                return 200, {"name": body["name"], "record_count": "0"}, {}
            case "GET", ["namespaces", name]:
                if name not in index.namespaces:
                    raise Failure(404, "NOT_FOUND", f"Namespace {name} not found")
                count = len(index.namespaces[name].seen())
                return 200, {"name": name, "record_count": str(count)}, {}
            case "POST", ["namespaces", name, "documents", verb] if hasattr(self, f"_{verb}"):
                check(schema.NAMESPACE, name)
                return getattr(self, f"_{verb}")(index, name, body)
        raise Failure(404, "NOT_FOUND", f"Not found: {method} /{'/'.join(path)}")

    def _upsert(self, index: Index, name: str, body: Any) -> tuple[int, Any, dict[str, int]]:
        check(schema.UPSERT, body)
        for document in body["documents"]:
            self._fits(index, document, whole=True)
        namespace, documents = index.namespace(name), body["documents"]
        lsn = namespace.write(self.delay, lambda: [namespace.put(one) for one in documents] and None)
        return 202, {"upserted_count": len(documents)}, {"x-pinecone-request-lsn": lsn}

    def _update(self, index: Index, name: str, body: Any) -> tuple[int, Any, dict[str, int]]:
        check(schema.update, body)
        if "documents" not in body:
            raise Failure(400, "INVALID_ARGUMENT", "this stub does not update by filter")
        namespace, patches = index.namespace(name), body["documents"]
        for patch in patches:
            set_too = set(patch) & set(patch.get("_remove_fields", ()))
            if set_too:
                raise Failure(400, "INVALID_ARGUMENT", f"fields both set and removed: {sorted(set_too)}")
            self._fits(index, {k: v for k, v in patch.items() if k != "_remove_fields"}, whole=False)
        lsn = namespace.write(self.delay, lambda: [namespace.patch(one) for one in patches] and None)
        return 202, {}, {"x-pinecone-request-lsn": lsn}

    def _delete(self, index: Index, name: str, body: Any) -> tuple[int, Any, dict[str, int]]:
        check(schema.delete, body)
        namespace, ids = index.namespace(name), body.get("ids")
        if "filter" in body:
            raise Failure(400, "INVALID_ARGUMENT", "this stub does not delete by filter")
        lsn = namespace.write(
            self.delay,
            namespace.clear if ids is None else lambda: [namespace.remove(one) for one in ids] and None,
        )
        return 202, {}, {"x-pinecone-request-lsn": lsn}

    def _search(self, index: Index, name: str, body: Any) -> tuple[int, Any, dict[str, int]]:
        check(schema.search, body)
        (clause,) = body["score_by"]
        field_name = clause.get("field") or clause["fields"][0]
        declared = index.model["schema"]["fields"].get(field_name)
        if declared is None or declared["type"] != clause["type"]:
            raise Failure(
                400, "INVALID_ARGUMENT", f"field {field_name!r} is no {clause['type']} field of the schema"
            )
        namespace, passes = index.namespace(name), passing(body.get("filter"))
        if clause["type"] == "dense_vector":
            if len(clause["values"]) != declared["dimension"]:
                raise Failure(
                    400, "INVALID_ARGUMENT", _other_length(len(clause["values"]), declared["dimension"])
                )
            found = namespace.nearest(clause["values"], passes)
        else:
            found = namespace.sharing(clause["sparse_values"], passes)
        # What is due only now was not searched: neither shown nor said to be.
        told, documents = namespace.indexed, namespace.documents
        best = sorted(found, key=lambda pair: -pair[0])[: body["top_k"]]
        fields = body.get("include_fields") or []
        matches = [
            {"_id": one, "_score": float(np.float32(score)), **_shown(documents[one], fields)}
            for score, one in best
        ]
        answer = {"matches": matches, "namespace": name, "usage": {"read_units": 1}}
        return 200, answer, {"x-pinecone-max-indexed-lsn": told}

    def _fetch(self, index: Index, name: str, body: Any) -> tuple[int, Any, dict[str, int]]:
        check(schema.fetch, body)
        documents, fields = index.namespace(name).seen(), body.get("include_fields") or ["*"]
        if "ids" not in body:
            raise Failure(400, "INVALID_ARGUMENT", "this stub does not fetch by filter")
        found = {
            one: {"_id": one, **_shown(documents[one], fields)} for one in body["ids"] if one in documents
        }
        return 200, {"documents": found, "namespace": name, "usage": {"read_units": 1}}, {}

    def _list(self, index: Index, name: str, body: Any) -> tuple[int, Any, dict[str, int]]:
        check(schema.LIST, body)
        after, limit = body.get("pagination_token", ""), body.get("limit", 100)
        ids = sorted(
            one
            for one in index.namespace(name).seen()
            if one > after and one.startswith(body.get("prefix", ""))
        )
        answer: dict[str, Any] = {"documents": [{"_id": one} for one in ids[:limit]], "namespace": name}
        if len(ids) > limit:
            answer["pagination"] = {"next": ids[limit - 1]}
        return 200, {**answer, "usage": {"read_units": 1}}, {}

    def _fits(self, index: Index, document: Document, whole: bool) -> None:
        """Check a document against the index's own schema, and its metadata against the limits."""
        metadata = {}
        fields = index.model["schema"]["fields"]
        for name, value in document.items():
            declared = fields.get(name)
            if declared is None and name != "_id":
                if name.startswith(("$", "_")):
                    raise Failure(400, "INVALID_ARGUMENT", f"field name {name!r} is reserved")
                if not isinstance(value, str | int | float | list) or (
                    isinstance(value, list) and not all(isinstance(one, str) for one in value)
                ):
                    raise Failure(
                        400,
                        "INVALID_ARGUMENT",
                        f"{name}: must be a boolean, number, string, or array of strings",
                    )
                metadata[name] = value
            elif declared and declared["type"] == "dense_vector":
                if not isinstance(value, list) or len(value) != declared["dimension"]:
                    length = len(value) if isinstance(value, list) else 0
                    raise Failure(400, "INVALID_ARGUMENT", _other_length(length, declared["dimension"]))
                if max(map(abs, value)) < 1e-8:
                    raise Failure(
                        400, "INVALID_ARGUMENT", "Dense vectors must contain at least one non-zero value"
                    )
            elif declared and declared["type"] == "sparse_vector" and not isinstance(value, dict):
                raise Failure(400, "INVALID_ARGUMENT", f"{name}: must be sparse values")
        if len(json.dumps(metadata, ensure_ascii=False).encode()) > schema.METADATA_BYTES:
            raise Failure(
                400, "INVALID_ARGUMENT", "Metadata size exceeds the limit of 40960 bytes per document"
            )
        dense = index.field_of("dense_vector")
        if whole and dense and dense not in document:
            raise Failure(400, "INVALID_ARGUMENT", f"document {document['_id']!r} has no {dense!r}")


def _other_length(length: int, dimension: int) -> str:
    return f"Vector dimension {length} does not match the dimension of the index {dimension}"


def _shown(document: Document, fields: list[str]) -> Document:
    return {k: v for k, v in document.items() if k != "_id" and ("*" in fields or k in fields)}


def check(shape: Shape, body: Any, status: int = 400, code: str = "INVALID_ARGUMENT") -> None:
    try:
        shape(body, "body")
    except Refused as fault:
        raise Failure(
            status, code, f"Failed to deserialize the JSON body into the target type: {fault}"
        ) from fault


# -- filters ----------------------------------------------------------------------------------------


def passing(where: dict[str, Any] | None) -> Passes:
    """Make a test of a metadata filter; a list of strings has each of its values."""
    tests = [_joined(name, test) for name, test in (where or {}).items()]
    return lambda document: all(test(document) for test in tests)


def _joined(name: str, test: Any) -> Passes:
    if name in ("$and", "$or"):
        parts, join = [passing(one) for one in test], all if name == "$and" else any
        return lambda document: join(part(document) for part in parts)
    operators = test if isinstance(test, dict) else {"$eq": test}
    tests = [_operator(name, operator, operand) for operator, operand in operators.items()]
    return lambda document: all(one(document) for one in tests)


def _operator(name: str, operator: str, operand: Any) -> Passes:
    values = {_typed(one) for one in operand} if isinstance(operand, list) else {_typed(operand)}
    if operator in ("$eq", "$in"):
        return lambda document: any(one in values for one in _values(document, name))
    if operator in ("$ne", "$nin"):
        return lambda document: not any(one in values for one in _values(document, name))
    if operator == "$exists":
        return lambda document: (name in document) is operand
    compare = {"$gt": np.greater, "$gte": np.greater_equal, "$lt": np.less, "$lte": np.less_equal}[operator]
    return lambda document: any(
        kind == "number" and bool(compare(one, operand)) for kind, one in _values(document, name)
    )


def _values(document: Document, name: str) -> list[tuple[str, Any]]:
    if name not in document:
        return []
    value = document[name]
    return [_typed(one) for one in value] if isinstance(value, list) else [_typed(value)]


def _typed(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return "boolean", value
    return ("text", value) if isinstance(value, str) else ("number", float(value))


# -- HTTP -------------------------------------------------------------------------------------------


@contextmanager
def serving(stub: StubPinecone) -> Iterator[StubPinecone]:
    """Serve a stub on a port of its own; `stub.url` is where."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(size)
            headers: dict[str, int] = {}
            try:
                status, body, headers = self.answered(raw)
            except Failure as failure:
                stub.refused.append(str(failure))
                error = {"code": failure.code, "message": str(failure)}
                status, body = failure.status, {"status": failure.status, "error": error}
            if not stub.tells_lsn:
                headers = {}
            kind = "text/plain" if isinstance(body, str) else "application/json"
            data = (
                b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
            )
            self.send_response(status)
            for name, value in {**headers, "Content-Type": kind, "Content-Length": len(data)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(data)

        def answered(self, raw: bytes) -> tuple[int, Any, dict[str, int]]:
            if self.headers.get("Api-Key") != KEY:
                return 401, "Unauthorized", {}
            if self.headers.get("X-Pinecone-Api-Version") != schema.VERSION:
                raise Failure(400, "INVALID_ARGUMENT", "X-Pinecone-Api-Version must be 2026-07")
            if len(raw) > schema.REQUEST_BYTES:
                raise Failure(413, "PAYLOAD_TOO_LARGE", "Request size exceeds the limit of 2MB per request")
            try:
                body = json.loads(raw) if raw else None
            except ValueError as error:
                raise Failure(400, "INVALID_ARGUMENT", f"no JSON: {error}") from error
            path = [unquote(part) for part in self.path.split("?")[0].strip("/").split("/")]
            with stub.lock:
                if path[0] == "at":
                    return stub.data(self.command, stub.index(path[1]), path[2:], body)
                return *stub.control(self.command, path, body, self.headers["Host"]), {}

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stub.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield stub
        finally:
            server.shutdown()
