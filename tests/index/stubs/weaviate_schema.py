"""Requests of Weaviate's REST API, as its OpenAPI description has them; what gRPC takes is in the client's protos."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from tests.index.stubs.shapes import (
    Refused,
    anything,
    flag,
    items,
    mapping,
    number,
    one_of,
    record,
    refuse,
    text,
    whole,
)

CLASS_NAME: Final = text("[A-Z][_0-9A-Za-z]{0,254}")
PROPERTY_NAME: Final = text("[_A-Za-z][_0-9A-Za-z]{0,230}")
TEXTS: Final = ("text", "text[]")
TYPES: Final = (
    *TEXTS,
    "int",
    "int[]",
    "number",
    "number[]",
    "boolean",
    "boolean[]",
    "date",
    "date[]",
    "uuid",
)
TOKENIZATIONS: Final = ("word", "lowercase", "whitespace", "field")

_property: Final = record(
    {"name": PROPERTY_NAME, "dataType": items(one_of(*TYPES), 1, 1)},
    {
        "description": text(),
        "indexFilterable": flag,
        "indexSearchable": flag,
        "indexRangeFilters": flag,
        "indexInverted": flag,
        "tokenization": one_of(*TOKENIZATIONS),
        "moduleConfig": anything,
        "nestedProperties": items(anything),
        "textAnalyzer": anything,
        # No fields of the schema, but the official client sends them with every property.
        "skip_vectorization": flag,
        "vectorize_property_name": flag,
    },
)


def property_of(value: Any, where: str) -> None:
    """A property: what only text has, only text may have."""
    _property(value, where)
    (kind,) = value["dataType"]
    if kind not in TEXTS and (value.get("tokenization") or value.get("indexSearchable")):
        refuse(where, f"tokenization and indexSearchable are not allowed for data type '{kind}'")
    if kind != "number" and kind != "int" and kind != "date" and value.get("indexRangeFilters"):
        refuse(where, f"indexRangeFilters is not allowed for data type '{kind}'")


_vector: Final = record(
    {"vectorizer": anything},
    {
        "vectorIndexType": one_of("hnsw", "flat", "dynamic"),
        "vectorIndexConfig": mapping(anything),
    },
)
_inverted: Final = record(
    {},
    {
        "bm25": record({}, {"b": number, "k1": number}),
        "stopwords": record(
            {}, {"preset": one_of("en", "none"), "additions": items(text()), "removals": items(text())}
        ),
        "stopwordPresets": anything,
        "cleanupIntervalSeconds": whole(0, 1 << 31),
        "indexNullState": flag,
        "indexPropertyLength": flag,
        "indexTimestamps": flag,
        "usingBlockMaxWAND": flag,
    },
)
CLASS: Final = record(
    {"class": CLASS_NAME},
    {
        "description": text(),
        "properties": items(property_of),
        "vectorConfig": mapping(_vector),
        "invertedIndexConfig": _inverted,
        "replicationConfig": anything,
        "multiTenancyConfig": anything,
        "shardingConfig": anything,
        "moduleConfig": anything,
        "objectTtlConfig": anything,
        "vectorIndexType": text(),
        "vectorIndexConfig": anything,
        "vectorizer": text(),
    },
)


def nothing_unknown(message: Message, where: str) -> None:
    """Refuse a message in which there is a field that the protos do not have, at any depth."""
    if len(UnknownFieldSet(message)):
        refuse(where, "unknown field in the request")
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for one in value if field.is_repeated else [value]:
            nothing_unknown(one, f"{where}.{field.name}")


def only(message: Message, allowed: set[str], where: str) -> None:
    """Refuse what this stub does not model, rather than leave it out."""
    extra = {field.name for field, _ in message.ListFields()} - allowed
    if extra:
        raise Refused(f"{where}: this stub does not know {', '.join(sorted(extra))}")
