"""A stub of Weaviate (REST and gRPC), on this machine's loopback. It is not Weaviate, and was never compared with it.

REST bodies are checked against the published schema, gRPC messages are the client package's own protos; what neither
has is refused in the vendor's own form, and what the stub does not model is refused too. Search is by brute force;
words by the BM25 that Weaviate's source has: b and k1 of the class, the average length of the property, and as N all
objects of the class. Both protocols are on one port, as behind an ingress.

Guessed, as no schema says it: the messages of errors; that an empty text is no token. There is no auto-schema.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeAlias
from uuid import UUID

import grpc
import numpy as np
from weaviate.proto.v1 import (
    aggregate_pb2,
    base_pb2,
    batch_delete_pb2,
    batch_pb2,
    health_weaviate_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)

from tests.index.stubs import weaviate_schema as schema
from tests.index.stubs.shapes import Refused, refuse

Object: TypeAlias = dict[str, Any]
Passes: TypeAlias = Callable[[str, Object], bool]
VERSION: Final = "1.38.0-stub"
MOST: Final = 10_000
URL: Final = "http://127.0.0.1:{port}?grpc=localhost:{port}"
"""By two names, as the client wants two addresses."""
OPERATOR: Final = base_pb2.Filters.Operator


class Class:
    """A collection: its definition, and its objects."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition
        self.objects: dict[str, Object] = {}
        self.vectors: dict[str, list[float]] = {}
        self._terms: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
        self._lengths: dict[str, dict[str, int]] = defaultdict(dict)
        self._rows: tuple[list[str], Any] | None = None

    def property(self, name: str) -> dict[str, Any]:
        for one in self.definition["properties"]:
            if one["name"] == name:
                return dict(one)
        raise Refused(f"no such prop with name '{name}' found in class '{self.definition['class']}'")

    def vector(self) -> str:
        """Return the name of its vector."""
        (name,) = self.definition["vectorConfig"]
        return str(name)

    def put(self, one: str, values: Object, vector: list[float]) -> None:
        for name, value in values.items():
            _typed(self.property(name), value)
        first = next(iter(self.vectors.values()), vector)
        if len(first) != len(vector):
            raise Refused(
                f"new node has a vector with length {len(vector)}. Existing nodes have vectors with length {len(first)}"
            )
        self.remove(one)
        self.objects[one], self.vectors[one], self._rows = values, vector, None
        for name, value in values.items():
            if self.property(name).get("indexSearchable"):
                words = _tokens(self.property(name)["tokenization"], value)
                self._lengths[name][one] = len(words)
                for word, count in Counter(words).items():
                    self._terms[name][word][one] = count

    def remove(self, one: str) -> bool:
        self._rows = None
        self.vectors.pop(one, None)
        values = self.objects.pop(one, None)
        for name, value in (values or {}).items():
            if self._lengths[name].pop(one, None) is not None:
                for word in set(_tokens(self.property(name)["tokenization"], value)):
                    self._terms[name][word].pop(one, None)
        return values is not None

    def nearest(self, vector: list[float], passes: Passes) -> list[tuple[float, str]]:
        """Return ids with the opposite of the dot product, the nearest first."""
        if not self.objects:
            return []
        if len(vector) != len(next(iter(self.vectors.values()))):
            raise Refused("vector lengths don't match")
        if self._rows is None:
            self._rows = list(self.vectors), np.asarray(list(self.vectors.values()), np.float32)
        ids, matrix = self._rows
        far = (-(matrix @ np.asarray(vector, np.float32))).tolist()
        return sorted(
            (far_, one) for far_, one in zip(far, ids, strict=True) if passes(one, self.objects[one])
        )

    def worded(self, query: str, name: str, passes: Passes) -> list[tuple[float, str]]:
        """Return ids with their BM25, the best first."""
        config = self.definition["invertedIndexConfig"]["bm25"]
        lengths, scores = self._lengths[name], defaultdict(float)
        average = sum(lengths.values()) / len(lengths) if lengths else 40.0
        for word, boost in Counter(_tokens(self.property(name)["tokenization"], query)).items():
            holding = self._terms[name].get(word, {})
            idf = math.log(1 + (len(self.objects) - len(holding) + 0.5) / (len(holding) + 0.5)) * boost
            for one, count in holding.items():
                norm = config["k1"] * (1 - config["b"] + config["b"] * lengths[one] / average)
                scores[one] += idf * count / (count + norm)
        return sorted(
            ((score, one) for one, score in scores.items() if passes(one, self.objects[one])), reverse=True
        )


def _tokens(tokenization: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [token for one in value for token in _tokens(tokenization, one)]
    if tokenization == "whitespace":
        return str(value).split()
    if tokenization == "field":
        return [value.strip()] if value.strip() else []
    raise Refused(f"this stub does not know the tokenization {tokenization!r}")


def _typed(declared: dict[str, Any], value: Any) -> None:
    kind = declared["dataType"][0]
    values = value if kind.endswith("[]") and isinstance(value, list) else [value]
    expected = {"text": str, "number": float, "boolean": bool}[kind.removesuffix("[]")]
    if kind.endswith("[]") is not isinstance(value, list) or not all(type(one) is expected for one in values):
        raise Refused(f"invalid {kind} property '{declared['name']}' on class: not of that type: {value!r}")


# -- filters ----------------------------------------------------------------------------------------


def passing(there: Class, where: base_pb2.Filters | None) -> Passes:
    """Make a test of a filter."""
    if where is None:
        return lambda one, values: True
    parts = [passing(there, part) for part in where.filters]
    if where.operator in (OPERATOR.OPERATOR_AND, OPERATOR.OPERATOR_OR):
        if not parts:
            raise Refused("operator And/Or expects operands")
        join = all if where.operator == OPERATOR.OPERATOR_AND else any
        return lambda one, values: join(part(one, values) for part in parts)
    if where.operator == OPERATOR.OPERATOR_NOT:
        if len(parts) != 1:
            raise Refused("operator Not expects exactly one operand")
        return lambda one, values: not parts[0](one, values)
    return _compared(there, where)


def _compared(there: Class, where: base_pb2.Filters) -> Passes:
    name, kind = where.target.property, where.WhichOneof("test_value") or ""
    if name == "_id":
        ids = set(where.value_text_array.values) if kind == "value_text_array" else {where.value_text}
        return lambda one, values: one in ids
    declared = there.property(name)
    if not declared.get("indexFilterable", True):
        raise Refused(f"Filtering by property '{name}' requires an inverted index")
    of = declared["dataType"][0].removesuffix("[]")
    plain = kind.removeprefix("value_").removesuffix("_array")
    if plain != of:
        raise Refused(f'data type filter cannot use "{kind}" on type "{of}" (property \'{name}\')')
    wanted = list(getattr(where, kind).values) if kind.endswith("_array") else [getattr(where, kind)]
    if of == "text":
        tokens = {token for one in wanted for token in _tokens(declared["tokenization"], one)}
        if where.operator not in (OPERATOR.OPERATOR_EQUAL, OPERATOR.OPERATOR_CONTAINS_ANY):
            raise Refused("this stub compares text by Equal and ContainsAny only")
        if where.operator == OPERATOR.OPERATOR_EQUAL and len(tokens) != 1:
            raise Refused("this stub compares text of one token only")
        cut = declared["tokenization"]
        return lambda one, values: name in values and not tokens.isdisjoint(_tokens(cut, values[name]))
    compare = {
        OPERATOR.OPERATOR_EQUAL: np.equal,
        OPERATOR.OPERATOR_LESS_THAN: np.less,
        OPERATOR.OPERATOR_LESS_THAN_EQUAL: np.less_equal,
        OPERATOR.OPERATOR_GREATER_THAN: np.greater,
        OPERATOR.OPERATOR_GREATER_THAN_EQUAL: np.greater_equal,
    }.get(where.operator)
    if compare is None or len(wanted) != 1:
        raise Refused("this stub compares numbers and booleans with one value only")
    return lambda one, values: name in values and bool(compare(values[name], wanted[0]))


# -- gRPC -------------------------------------------------------------------------------------------


class StubWeaviate(weaviate_pb2_grpc.WeaviateServicer):
    """The service. `key` is what it asks for; "" lets everybody in."""

    def __init__(self, key: str = "") -> None:
        self.key = key
        self.version = VERSION
        self.classes: dict[str, Class] = {}
        self.refused: list[str] = []
        self.lock = threading.RLock()
        self.port = 0

    @property
    def url(self) -> str:
        return URL.format(port=self.port)

    def Search(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._answering(request, context):
            schema.only(request, {
                "collection", "consistency_level", "properties", "metadata", "limit", "after", "filters", "bm25_search",
                "near_vector", "uses_123_api", "uses_125_api", "uses_127_api",
            }, "SearchRequest")  # fmt: skip
            there = self._class(request.collection)
            limit = request.limit or 10
            if limit > MOST:
                raise Refused("query maximum results exceeded")
            passes = passing(there, request.filters if request.HasField("filters") else None)
            found = self._found(there, request, passes)[:limit]
            reply = search_get_pb2.SearchReply()
            for rank, one in found:
                self._result(reply.results.add(), there, request, rank, one)
            return reply

    def _found(self, there: Class, request: Any, passes: Passes) -> list[tuple[float, str]]:
        if request.HasField("near_vector"):
            near = request.near_vector
            if list(near.targets.target_vectors) != [there.vector()]:
                raise Refused(
                    f"near vector: targets {list(near.targets.target_vectors)} are not {there.vector()!r}"
                )
            if near.vector_for_targets:
                near = near.vector_for_targets[0]
            data = near.vectors[0].vector_bytes if near.vectors else near.vector_bytes
            return there.nearest(_floats(data), passes)
        if request.HasField("bm25_search"):
            (name,) = request.bm25_search.properties
            if not there.property(name).get("indexSearchable"):
                raise Refused(f"Searching by property '{name}' requires inverted index")
            return there.worded(request.bm25_search.query, name, passes)
        if request.after and request.HasField("filters"):
            raise Refused("other params cannot be set with after and limit parameters")
        return [
            (0.0, one)
            for one in sorted(there.objects)
            if one > request.after and passes(one, there.objects[one])
        ]

    def _result(self, result: Any, there: Class, request: Any, rank: float, one: str) -> None:
        asked = request.metadata
        if asked.uuid:
            result.metadata.id, result.metadata.id_as_bytes = one, UUID(one).bytes
        if asked.distance and request.HasField("near_vector"):
            result.metadata.distance, result.metadata.distance_present = rank, True
        if asked.score and request.HasField("bm25_search"):
            result.metadata.score, result.metadata.score_present = rank, True
        if asked.vector or asked.vectors:
            data = struct.pack(f"<{len(there.vectors[one])}f", *there.vectors[one])
            result.metadata.vectors.add(
                name=there.vector(), vector_bytes=data, type=base_pb2.Vectors.VECTOR_TYPE_SINGLE_FP32
            )
        result.properties.target_collection = request.collection
        for name in request.properties.non_ref_properties:
            there.property(name)
            if name in there.objects[one]:
                value = there.objects[one][name]
                if not isinstance(value, str):
                    raise Refused("this stub gives back texts only")
                result.properties.non_ref_props.fields[name].CopyFrom(properties_pb2.Value(text_value=value))

    def BatchObjects(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._answering(request, context):
            reply = batch_pb2.BatchObjectsReply()
            for at, one in enumerate(request.objects):
                try:
                    schema.only(
                        one, {"uuid", "collection", "properties", "vectors", "vector_bytes"}, "BatchObject"
                    )
                    data = one.vectors[0].vector_bytes if one.vectors else one.vector_bytes
                    self._class(one.collection).put(
                        str(UUID(one.uuid)), _values(one.properties), _floats(data)
                    )
                except (Refused, ValueError) as fault:
                    self.refused.append(str(fault))
                    reply.errors.add(index=at, error=str(fault))
            return reply

    def BatchDelete(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._answering(request, context):
            there = self._class(request.collection)
            passes = passing(there, request.filters)
            gone = [one for one, values in there.objects.items() if passes(one, values)][:MOST]
            for one in gone:
                there.remove(one)
            return batch_delete_pb2.BatchDeleteReply(matches=len(gone), successful=len(gone))

    def Aggregate(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._answering(request, context):
            schema.only(
                request, {"collection", "objects_count", "group_by", "filters", "limit"}, "AggregateRequest"
            )
            there = self._class(request.collection)
            passes = passing(there, request.filters if request.HasField("filters") else None)
            found = [values for one, values in there.objects.items() if passes(one, values)]
            reply = aggregate_pb2.AggregateReply()
            if not request.HasField("group_by"):
                reply.single_result.objects_count = len(found)
                return reply
            name = request.group_by.property
            there.property(name)
            counts = Counter(values[name] for values in found if name in values)
            reply.grouped_results.SetInParent()
            for value, count in counts.most_common(request.limit or 100):
                group = reply.grouped_results.groups.add(objects_count=count)
                group.grouped_by.path.append(name)
                group.grouped_by.text = value
            return reply

    @contextmanager
    def _answering(self, request: Any, context: grpc.ServicerContext) -> Iterator[None]:
        told = dict(context.invocation_metadata())
        if self.key and told.get("authorization") != f"Bearer {self.key}":
            context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "unauthorized: invalid api key, please provide a valid api key",
            )
        with self.lock:
            try:
                schema.nothing_unknown(request, type(request).__name__)
                yield
            except Refused as fault:
                self.refused.append(str(fault))
                context.abort(grpc.StatusCode.UNKNOWN, str(fault))

    def _class(self, name: str) -> Class:
        if name not in self.classes:
            raise Refused(f"could not find class {name} in schema")
        return self.classes[name]

    # -- REST ---------------------------------------------------------------------------------------

    def rest(self, method: str, path: list[str], body: Any) -> tuple[int, Any]:
        match method, path:
            case "GET", ["meta"]:
                return 200, {"hostname": "http://[::]:8080", "modules": {}, "version": self.version}
            case "GET", [".well-known", "ready"]:
                return 200, None
            case "POST", ["schema"]:
                schema.CLASS(body, "body")
                if body["class"] in self.classes:
                    return 422, said(f"class name {body['class']} already exists")
                self.classes[body["class"]] = Class(_completed(body))
                return 200, self.classes[body["class"]].definition
            case _, ["schema", name, *_] if name not in self.classes:
                return 404, None
            case "GET", ["schema", name]:
                return 200, self.classes[name].definition
            case "PUT", ["schema", name]:
                if body.get("class") != name:
                    refuse("body", "class name cannot be changed")
                self.classes[name].definition["description"] = body.get("description", "")
                return 200, body
            case "DELETE", ["schema", name]:
                del self.classes[name]
                return 200, None
            case "POST", ["schema", name, "properties"]:
                schema.property_of(body, "body")
                properties = self.classes[name].definition["properties"]
                if body["name"] in {one["name"] for one in properties}:
                    return 422, said(
                        f"class {name!r}: conflict for property {body['name']!r}: already in use"
                    )
                properties.append(_property(body))
                return 200, body
        return 404, said(f"path {'/'.join(path)} was not found")


def _completed(body: dict[str, Any]) -> dict[str, Any]:
    """Return a definition with the server's defaults, as it gives it back."""
    given = body.get("invertedIndexConfig", {})
    inverted = {
        "bm25": {"b": 0.75, "k1": 1.2},
        "cleanupIntervalSeconds": 60,
        **given,
        "stopwords": {"preset": "en", "additions": None, "removals": None, **given.get("stopwords", {})},
    }
    hnsw = {
        "skip": False, "cleanupIntervalSeconds": 300, "maxConnections": 32, "efConstruction": 128, "ef": -1,
        "dynamicEfMin": 100, "dynamicEfMax": 500, "dynamicEfFactor": 8, "vectorCacheMaxObjects": 1_000_000_000_000,
        "flatSearchCutoff": 40_000, "distance": "cosine", "filterStrategy": "sweeping",
    }  # fmt: skip
    vectors = {
        name: {**one, "vectorIndexConfig": {**hnsw, **one.get("vectorIndexConfig", {})}}
        for name, one in body.get("vectorConfig", {}).items()
    }
    return {
        "description": "",
        "multiTenancyConfig": {"enabled": False, "autoTenantCreation": False, "autoTenantActivation": False},
        "replicationConfig": {"factor": 1, "asyncEnabled": False, "deletionStrategy": "NoAutomatedResolution"},
        "shardingConfig": {
            "virtualPerPhysical": 128, "desiredCount": 1, "actualCount": 1, "desiredVirtualCount": 128,
            "actualVirtualCount": 128, "key": "_id", "strategy": "hash", "function": "murmur3",
        },
        **body,
        "invertedIndexConfig": inverted,
        "vectorConfig": vectors,
        "properties": [_property(one) for one in body.get("properties", [])],
    }  # fmt: skip


def _property(body: dict[str, Any]) -> dict[str, Any]:
    """Return a property with the server's defaults."""
    searchable = body["dataType"][0] in schema.TEXTS
    words = {"tokenization": "word"} if searchable else {}
    return {
        "indexFilterable": True, "indexSearchable": searchable, "indexRangeFilters": False, **words, **body,
    }  # fmt: skip


def said(message: str) -> dict[str, Any]:
    return {"error": [{"message": message}]}


def _floats(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def _values(properties: Any) -> Object:
    schema.only(properties, {"non_ref_properties", "text_array_properties", "empty_list_props"}, "properties")
    found: Object = dict(properties.non_ref_properties)
    return found | {one.prop_name: list(one.values) for one in properties.text_array_properties}


# -- serving ----------------------------------------------------------------------------------------


class _Health:
    """The gRPC health check, that the client asks."""

    @staticmethod
    def handler() -> grpc.GenericRpcHandler:
        method = grpc.unary_unary_rpc_method_handler(
            lambda request, context: health_weaviate_pb2.WeaviateHealthCheckResponse(status=1),
            response_serializer=health_weaviate_pb2.WeaviateHealthCheckResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})


@contextmanager
def serving(stub: StubWeaviate) -> Iterator[StubWeaviate]:
    """Serve a stub, REST and gRPC, on one port of its own."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, body = self.answered(raw)
            except Refused as fault:
                stub.refused.append(str(fault))
                status, body = 422, said(str(fault))
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def answered(self, raw: bytes) -> tuple[int, Any]:
            path = self.path.split("?")[0].removeprefix("/v1/").strip("/").split("/")
            if path == [".well-known", "openid-configuration"]:
                return 404, None
            if stub.key and self.headers.get("Authorization") != f"Bearer {stub.key}":
                return 401, {"code": 401, "message": "unauthorized: invalid api key"}
            with stub.lock:
                return stub.rest(self.command, path, json.loads(raw) if raw else None)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", 1 << 27)])
    weaviate_pb2_grpc.add_WeaviateServicer_to_server(stub, server)
    server.add_generic_rpc_handlers((_Health.handler(),))
    grpc_port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Server(("127.0.0.1", 0), Answer) as http:
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        with closing(_Door(int(http.server_address[1]), grpc_port)) as door:
            stub.port = door.port
            try:
                yield stub
            finally:
                server.stop(0).wait()
                http.shutdown()


class _Door:
    """One port for both: HTTP/2 goes to gRPC, HTTP/1 to REST."""

    def __init__(self, http: int, grpc_port: int) -> None:
        self._ports = {True: grpc_port, False: http}
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with suppress(OSError):
            far = socket.create_connection(
                ("127.0.0.1", self._ports[near.recv(3, socket.MSG_PEEK) == b"PRI"])
            )
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            with near, far:
                back.start()
                _pump(near, far)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
