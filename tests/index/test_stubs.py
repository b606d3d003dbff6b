"""The stubs of Pinecone and Weaviate refuse what their schemas do not have, in the services' own form."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pinecone", reason="pip install 'citewell[pinecone]'")
pytest.importorskip("weaviate", reason="pip install 'citewell[weaviate]'")

import grpc
import httpx
from weaviate.proto.v1 import base_pb2, search_get_pb2, weaviate_pb2_grpc

from tests.index.stubs.pinecone import KEY, StubPinecone
from tests.index.stubs.weaviate import StubWeaviate

HEADERS = {"Api-Key": KEY, "X-Pinecone-Api-Version": "2026-07"}
FIELDS = {
    "dense": {"type": "dense_vector", "dimension": 2, "metric": "dotproduct"},
    "words": {"type": "sparse_vector"},
}


@pytest.fixture
def index(pinecone: StubPinecone) -> str:
    """The data plane of an index."""
    body = {"name": "strict", "schema": {"fields": FIELDS}}
    answer = httpx.post(f"{pinecone.url}/indexes", headers=HEADERS, json=body)
    assert answer.status_code in (201, 409), answer.text
    return f"{pinecone.url}/at/strict/namespaces/n/documents"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("upsert", {"documents": [{"_id": "a", "dense": [1, 2]}], "batch": 1}),
        ("upsert", {"documents": [{"_id": "a", "dense": [1, 2, 3]}]}),
        ("upsert", {"documents": [{"_id": "a", "dense": [0, 0]}]}),
        ("upsert", {"documents": [{"_id": "ü", "dense": [1, 2]}]}),
        ("upsert", {"documents": [{"_id": "a", "dense": [1, 2], "m": None}]}),
        ("upsert", {"documents": [{"_id": "a", "dense": [1, 2], "m": [1, 2]}]}),
        ("upsert", {"documents": [{"_id": "a", "dense": [1, 2], "$m": "x"}]}),
        ("upsert", {"documents": [{"_id": "a", "dense": [1, 2], "m": "x" * 41_000}]}),
        ("upsert", {"documents": [{"_id": "a", "words": {"indices": [1], "values": [1.0]}}]}),
        ("upsert", {"documents": [{"_id": str(n), "dense": [1, 2]} for n in range(1001)]}),
        (
            "search",
            {"top_k": 1, "score_by": [{"type": "dense_vector", "fields": ["dense"], "vector": [1, 2]}]},
        ),
        (
            "search",
            {"top_k": 0, "score_by": [{"type": "dense_vector", "fields": ["dense"], "values": [1, 2]}]},
        ),
        (
            "search",
            {"top_k": 1, "score_by": [{"type": "dense_vector", "fields": ["words"], "values": [1, 2]}]},
        ),
        ("search", {"top_k": 1, "score_by": [{"type": "dense_vector", "values": [1, 2]}]}),
        ("fetch", {"ids": ["a"], "filter": {"m": 1}}),
        ("delete", {}),
        ("update", {"documents": [{"_id": "a", "m": "x", "_remove_fields": ["m"]}]}),
        ("list", {"limit": 101}),
    ],
)
def test_pinecone_refuses_what_its_schema_does_not_have(index: str, verb: str, body: dict[str, Any]) -> None:
    answer = httpx.post(f"{index}/{verb}", headers=HEADERS, json=body)
    told = answer.json()
    assert (answer.status_code, told["status"], told["error"]["code"]) == (400, 400, "INVALID_ARGUMENT")
    assert told["error"]["message"]


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"$not": {"a": 1}},
        {"a": {"$like": "x"}},
        {"a": {"$gt": "x"}},
        {"a": {"$in": [True]}},
        {"$and": []},
        {"a": {}},
    ],
)
def test_pinecone_refuses_filters_that_are_none(index: str, where: dict[str, Any]) -> None:
    clause = {"type": "dense_vector", "fields": ["dense"], "values": [1, 2]}
    body = {"top_k": 1, "score_by": [clause], "filter": where}
    assert httpx.post(f"{index}/search", headers=HEADERS, json=body).status_code == 400


def test_pinecone_refuses_indexes_that_cannot_be(pinecone: StubPinecone) -> None:
    two = {**FIELDS, "more": {"type": "sparse_vector"}}
    for body in (
        {"name": "x", "schema": {"fields": FIELDS}, "dimension": 2},
        {"name": "x", "schema": {"fields": two}},
        {"name": "X_1", "schema": {"fields": FIELDS}},
        {"name": "x", "schema": {"fields": FIELDS}, "tags": {"a b": "c"}},
    ):
        answer = httpx.post(f"{pinecone.url}/indexes", headers=HEADERS, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "UNPROCESSABLE_ENTITY")


def test_pinecone_asks_for_a_key_and_a_version(pinecone: StubPinecone) -> None:
    without = httpx.get(f"{pinecone.url}/indexes", headers={**HEADERS, "Api-Key": "wrong"})
    assert (without.status_code, without.text, without.headers["content-type"]) == (
        401,
        "Unauthorized",
        "text/plain",
    )
    older = httpx.get(f"{pinecone.url}/indexes", headers={**HEADERS, "X-Pinecone-Api-Version": "2025-04"})
    assert older.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"class": "lower"},
        {"class": "Good", "sparse": True},
        {"class": "Good", "properties": [{"name": "a b", "dataType": ["text"]}]},
        {"class": "Good", "properties": [{"name": "a", "dataType": ["string list"]}]},
        {"class": "Good", "properties": [{"name": "a", "dataType": ["number"], "tokenization": "field"}]},
        {"class": "Good", "invertedIndexConfig": {"bm25": {"k2": 1}}},
    ],
)
def test_weaviate_refuses_classes_that_its_schema_does_not_have(
    weaviate: StubWeaviate, body: dict[str, Any]
) -> None:
    answer = httpx.post(f"http://127.0.0.1:{weaviate.port}/v1/schema", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"][0]["message"]


def test_weaviate_refuses_messages_that_its_protos_do_not_have(weaviate: StubWeaviate) -> None:
    filters = base_pb2.Filters(operator=base_pb2.Filters.OPERATOR_EQUAL)
    filters.MergeFromString(b"\xf8\x3f\x01")  # field 1023, which no Filters has
    unknown = search_get_pb2.SearchRequest(collection="Good", filters=filters)
    elsewhere = search_get_pb2.SearchRequest(collection="Nowhere")
    not_modelled = search_get_pb2.SearchRequest(collection="Good", autocut=3)
    with grpc.insecure_channel(f"127.0.0.1:{weaviate.port}") as channel:
        stub = weaviate_pb2_grpc.WeaviateStub(channel)
        for request, why in (
            (unknown, "unknown field"),
            (elsewhere, "could not find class"),
            (not_modelled, "autocut"),
        ):
            with pytest.raises(grpc.RpcError) as raised:
                stub.Search(request, timeout=10)
            assert raised.value.code() is grpc.StatusCode.UNKNOWN
            assert why in raised.value.details()
