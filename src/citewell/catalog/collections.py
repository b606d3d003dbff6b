"""Which collections are there, and what is in each?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import String, func, literal, select
from sqlalchemy.engine import Connection

from citewell.access import both
from citewell.catalog import schema
from citewell.catalog.engine import is_postgres
from citewell.catalog.fields import fields_in_use
from citewell.catalog.where import to_sql
from citewell.collection import COLLECTION, MAIN, Collection, inside
from citewell.filters import Filter

v = schema.versions.c


@dataclass(frozen=True)
class Collections:
    """The collections of a catalog's current documents. A collection that has none is not there."""

    read: Callable[[], AbstractContextManager[Connection]]

    def list(self, where: Filter | None) -> list[Collection]:
        """Return them in order of name, counted over the documents that satisfy a filter, with their fields."""
        with self.read() as sql:
            postgres = is_postgres(sql)
            one = (
                v.fields.op("->>", return_type=String())(literal(COLLECTION))
                if postgres
                else func.json_extract(v.fields, f"$.{COLLECTION}")
            )
            inner = select(func.coalesce(one, MAIN).label("name"), v.passages).where(v.current)
            if where is not None:
                inner = inner.where(to_sql(where, v.fields, postgres=postgres))
            each = inner.subquery().c
            query = select(each.name, func.count(), func.sum(each.passages)).group_by(each.name)
            return [
                Collection(row[0], row[1], row[2], tuple(fields_in_use(sql, both(where, inside(row[0])))))
                for row in sorted(sql.execute(query).all())
            ]
