"""The two views that may be asked: `documents`, with a column for each metadata field, and `passages`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from citewell.catalog.sql.columns import TypedField, columns_of

DOCUMENTS: Final = (
    "document_id AS id, title, source, media_type, number AS version, passages, characters, added_at, updated_at, "
    "fields"
)
PASSAGES: Final = (
    'SELECT v.document_id, p.position, p.heading, p.text, p.start AS start_at, p."end" AS end_at, p.line, p.page '
    "FROM {versions} v JOIN {passages} p ON p.key = v.key WHERE v.current"
)
NAMES: Final = ("documents", "passages")


def views(fields: Sequence[TypedField], within: str, postgres: bool) -> dict[str, str]:
    """Return the SELECT of each view, over the tables in the schema `within` (quoted)."""
    value = _in_postgres if postgres else _in_sqlite
    columns = "".join(f", {value(one)} AS {quoted(one.column)}" for one in columns_of(fields))
    documents = f"SELECT {DOCUMENTS}{columns} FROM {within}.versions WHERE current"
    passages = PASSAGES.format(versions=f"{within}.versions", passages=f"{within}.passages")
    return dict(zip(NAMES, (documents, passages), strict=True))


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL writes it; it must hold no character 0."""
    return "'" + text.replace("'", "''") + "'"


def _in_sqlite(field: TypedField) -> str:
    path = literal(f'$."{field.name}"')
    kind, value = f"json_type(fields, {path})", f"json_extract(fields, {path})"
    match field.kind:
        case "number":
            return f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END"
        case "boolean":
            return f"CASE {kind} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
        case "text":
            return f"CASE {kind} WHEN 'text' THEN {value} END"
        case _:
            # What JSON writes: of TRUE, that is no 1.
            return f"CASE {kind} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST({value} AS TEXT) END"


def _in_postgres(field: TypedField) -> str:
    name = literal(field.name)
    kind, value = f"jsonb_typeof(fields -> {name})", f"(fields ->> {name})"
    match field.kind:
        case "number":
            return f"CASE WHEN {kind} = 'number' THEN {value}::numeric END"
        case "boolean":
            return f"CASE WHEN {kind} = 'boolean' THEN {value}::boolean END"
        case "text":
            return f"CASE WHEN {kind} = 'string' THEN {value} END"
        case _:
            return value
