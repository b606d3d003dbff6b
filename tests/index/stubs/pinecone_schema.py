"""Requests of Pinecone's API 2026-07, as its published OpenAPI descriptions have them (db_control, db_data)."""

from __future__ import annotations

from typing import Any, Final

from tests.index.stubs.shapes import (
    Shape,
    anything,
    by,
    either,
    exactly_one,
    flag,
    items,
    mapping,
    number,
    numbers,
    one_of,
    record,
    refuse,
    text,
    whole,
)

VERSION: Final = "2026-07"
IDENTIFIER: Final = text(r"[\x01-\x7F]+", 1, 512)
NAMESPACE: Final = text(r"[\x01-\x7F]+", 1, 512)
INDEX_NAME: Final = text(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", 1, 45)
METADATA_BYTES: Final = 40 * 1024
REQUEST_BYTES: Final = 2 * 1024 * 1024
MOST_VALUES: Final = 10_000

_dense_field: Final = record(
    {
        "type": one_of("dense_vector"),
        "dimension": whole(1, 20_000),
        "metric": one_of("cosine", "dotproduct", "euclidean"),
    },
    {"description": text(most=256)},
)
_sparse_field: Final = record({"type": one_of("sparse_vector")}, {"description": text(most=256)})
_text_field: Final = record(
    {"type": one_of("string"), "full_text_search": anything}, {"description": text(most=256)}
)
_tags: Final = mapping(text(r"[\x20-\x7E]*", 0, 120), text(r"[A-Za-z0-9_-]+", 1, 80), 20)
_managed: Final = record(
    {"deployment_type": one_of("managed"), "cloud": one_of("gcp", "aws", "azure"), "region": text()}
)
_byoc: Final = record({"deployment_type": one_of("byoc"), "environment": text()})


def _index_fields(value: Any, where: str) -> None:
    mapping(
        by("type", {"dense_vector": _dense_field, "sparse_vector": _sparse_field, "string": _text_field}),
        text("[^$_].*", 1, 64),
    )(value, where)
    types = [field["type"] for field in value.values()]
    if not types or types.count("dense_vector") > 1 or types.count("sparse_vector") > 1:
        refuse(
            where,
            "at least one searched field, at most one dense_vector and one sparse_vector field per index",
        )


CREATE_INDEX: Final = record(
    {"schema": record({"fields": _index_fields})},
    {
        "name": INDEX_NAME,
        "deployment": by("deployment_type", {"managed": _managed, "byoc": _byoc}),
        "cmek_id": text(),
        "read_capacity": anything,
        "tags": _tags,
        "deletion_protection": one_of("enabled", "disabled"),
    },
)
CONFIGURE_INDEX: Final = record(
    {}, {"tags": _tags, "deletion_protection": one_of("enabled", "disabled"), "read_capacity": anything}
)
CREATE_NAMESPACE: Final = record({"name": NAMESPACE}, {"schema": anything})

_sparse: Final = record(
    {"indices": items(whole(0, 4_294_967_295), 1, 2048), "values": numbers(1, 2048)},
)


def sparse_values(value: Any, where: str) -> None:
    _sparse(value, where)
    if len(value["indices"]) != len(value["values"]):
        refuse(where, "indices and values must be of the same length")


FIELD_VALUE: Final = either(text(), number, flag, items(text()), numbers(0, 20_000), sparse_values)


def _scalar_or_vector(value: Any, where: str) -> None:
    """A field's value; which vectors there are is the index's matter."""
    if not isinstance(value, str | bool):
        FIELD_VALUE(value, where)


_document: Final = record({"_id": IDENTIFIER}, rest=_scalar_or_vector)
_patch: Final = record({"_id": IDENTIFIER}, {"_remove_fields": items(text())}, rest=_scalar_or_vector)
UPSERT: Final = record({"documents": items(_document, 1, 1000)})

_one_field: Final = items(text(), 1, 1)
_clause: Final = by(
    "type",
    {
        "dense_vector": record(
            {"type": anything, "values": numbers(1, 20_000)}, {"field": text(), "fields": _one_field}
        ),
        "sparse_vector": record(
            {"type": anything, "sparse_values": sparse_values}, {"field": text(), "fields": _one_field}
        ),
        "text": record(
            {"type": anything, "query": text(least=1)}, {"field": text(), "fields": items(text(), 1)}
        ),
        "query_string": record({"type": anything, "query": text(least=1)}),
    },
)
_search: Final = record(
    {"score_by": items(_clause, 1, 100), "top_k": whole(1, 10_000)},
    {"include_fields": items(text()), "filter": anything},
)
_fetch: Final = record(
    {},
    {
        "ids": items(IDENTIFIER, 1, 1000),
        "filter": anything,
        "include_fields": items(text()),
        "pagination_token": text(),
        "limit": whole(1, 10_000),
    },
)
_delete: Final = record({}, {"ids": items(IDENTIFIER, 1, 1000), "filter": anything, "delete_all": flag})
_update: Final = record(
    {},
    {
        "documents": items(_patch, 1, 1000),
        "filter": anything,
        "set_fields": anything,
        "remove_fields": items(text()),
    },
)
LIST: Final = record(
    {},
    {"prefix": text(r"[\x01-\x7F]*", 0, 512), "limit": whole(1, 100), "pagination_token": text()},
)


def search(value: Any, where: str) -> None:
    _search(value, where)
    kinds = {clause["type"] for clause in value["score_by"]}
    if len(value["score_by"]) > 1 and not kinds <= {"text", "query_string"}:
        refuse(where, "a dense_vector or sparse_vector clause must appear on its own")
    for clause in value["score_by"]:
        if clause["type"] != "query_string":
            exactly_one(clause, ("field", "fields"), f"{where}.score_by")
    if "filter" in value:
        condition(value["filter"], f"{where}.filter")


def fetch(value: Any, where: str) -> None:
    _fetch(value, where)
    if exactly_one(value, ("ids", "filter"), where) == "filter":
        condition(value["filter"], f"{where}.filter")


def delete(value: Any, where: str) -> None:
    _delete(value, where)
    if exactly_one(value, ("ids", "filter", "delete_all"), where) == "filter":
        condition(value["filter"], f"{where}.filter")


def update(value: Any, where: str) -> None:
    _update(value, where)
    exactly_one(value, ("documents", "filter"), where)


_one_value: Final = either(text(), number, flag)
_OPERATORS: Final[dict[str, Shape]] = {
    "$eq": _one_value,
    "$ne": _one_value,
    **dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), number),
    **dict.fromkeys(("$in", "$nin"), items(either(text(), number), 0, MOST_VALUES)),
    "$exists": flag,
}


def condition(value: Any, where: str) -> None:
    """A metadata filter, as the guide «Filter by metadata» has it."""
    if not isinstance(value, dict) or not value:
        refuse(where, "a filter must be an object that is not empty")
    for name, test in value.items():
        if name in ("$and", "$or"):
            items(condition, 1)(test, f"{where}.{name}")
        elif name.startswith("$"):
            refuse(where, f"only $and and $or are allowed at the top level of a filter, not {name!r}")
        elif isinstance(test, dict):
            if not test:
                refuse(where, f"no operator for {name!r}")
            for operator, operand in test.items():
                if operator not in _OPERATORS:
                    refuse(where, f"{operator!r} is no filter operator")
                _OPERATORS[operator](operand, f"{where}.{name}.{operator}")
        else:
            _one_value(test, f"{where}.{name}")
