"""Column types that are not the same in every database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

Key = BigInteger().with_variant(Integer(), "sqlite")
"""63 bits. SQLite numbers rows only in a column that is called INTEGER, and gives every integer 64 bits."""
Exact = String().with_variant(String(collation="C"), "postgresql")
"""Text in order of code points, as Python and SQLite sort it, whatever the database's language."""


class Metadata(TypeDecorator[Mapping[str, Any]]):
    """A JSON object. SQLite: text without ASCII escapes, which `where` reads. PostgreSQL: jsonb."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type in this database."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> Any:
        """Write an object."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(dict(value), ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Any] | None:
        """Read an object."""
        found: Mapping[str, Any] | None = json.loads(value) if isinstance(value, str) else value
        return found
