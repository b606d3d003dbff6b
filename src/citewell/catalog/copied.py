"""One catalog's rows into another, table by table, page by page. What is there already is not written again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, Table, delete, func, select, tuple_
from sqlalchemy.engine import Connection, Engine

from citewell.catalog import schema
from citewell.catalog.engine import BATCH, insert_new, replace_in, translated
from citewell.errors import BadInput, Corrupt

Tell: TypeAlias = Callable[[str, int, int], None]
"""(table, rows copied, rows there are)."""
OF_PROCESSES: Final = frozenset(("journal", "workers", "claims"))
"""Tables that speak of what processes are doing, not of documents."""
OWN: Final = frozenset(("library", "opened", "terms"))
"""Settings of one library's index, which a copy has anew; and places, where a copy stopped."""
PLACE: Final = "copied:"


@dataclass(frozen=True)
class Copies:
    """What of a catalog is a copy, and copies of it."""

    engine: Engine

    def to(self, target: Copies, tell: Tell) -> dict[str, int]:
        """Copy every row into another catalog, going on where an earlier copy stopped; returns rows by table.

        BadInput when it has documents that no unfinished copy brought. Corrupt when somebody writes to this meanwhile.
        """
        with translated():
            if not target.unfinished() and rows_of(target.engine)["versions"]:
                raise BadInput("the target has documents of its own; copy into a new library")
            return copy_rows(self.engine, target.engine, tell)

    def unfinished(self) -> bool:
        """Say whether this is a copy that stopped on the way."""
        name = schema.meta.c.name
        places = select(func.count()).where(name.startswith(PLACE, autoescape=True))
        with translated(), self.engine.connect() as sql:
            return bool(sql.execute(places).scalar_one())


def copied_tables() -> list[Table]:
    """Return the tables of which a copy has every row."""
    return [
        one for one in schema.metadata.sorted_tables if one.name not in OF_PROCESSES and one.name != "meta"
    ]


def copy_rows(source: Engine, target: Engine, tell: Tell) -> dict[str, int]:
    """Copy every row, and delete what the source does not have any more; returns the rows of each table.

    Each page is a transaction that also notes how far it came: after a stop it goes on there. Corrupt when somebody
    writes to the source meanwhile.
    """
    _settings(source, target)
    for table in copied_tables():
        _copy(table, source, target, tell)
    found = rows_of(source)
    if rows_of(target) != found:  # the source was written to between two runs
        _drop_strangers(source, target)
        for table in copied_tables():
            _copy(table, source, target, tell, anew=True)
    if rows_of(target) != found:
        raise Corrupt("the source was written to during the copy; stop who writes there, and copy once more")
    with target.begin() as sql:
        sql.execute(delete(schema.meta).where(schema.meta.c.name.startswith(PLACE, autoescape=True)))
    return found


def rows_of(engine: Engine) -> dict[str, int]:
    """Return how many rows each copied table has."""
    with engine.connect() as sql:
        return {one.name: _count(sql, one) for one in copied_tables()}


def _settings(source: Engine, target: Engine) -> None:
    with source.connect() as sql:
        rows = [row._asdict() for row in sql.execute(select(schema.meta)) if not _own(row.name)]
    with target.begin() as sql:
        sql.execute(replace_in(sql, schema.meta).values(name=f"{PLACE}begun", value="[]"))
        for row in rows:
            sql.execute(replace_in(sql, schema.meta).values(**row))


def _own(name: str) -> bool:
    return name in OWN or name.startswith(PLACE)


def _copy(table: Table, source: Engine, target: Engine, tell: Tell, anew: bool = False) -> None:
    with target.connect() as sql:
        last, done = (None, 0) if anew else _place(sql, table)
    with source.connect() as read:
        total = _count(read, table)
        tell(table.name, min(done, total), total)
        for rows in _pages(read, table, last):
            done += len(rows)
            with target.begin() as sql:
                sql.execute(insert_new(sql, table), [row._asdict() for row in rows])
                sql.execute(
                    replace_in(sql, schema.meta).values(
                        name=PLACE + table.name, value=_noted(table, rows[-1], done)
                    )
                )
            tell(table.name, min(done, total), total)


def _pages(sql: Connection, table: Table, last: Sequence[Any] | None) -> Iterator[Sequence[Row[Any]]]:
    key = list(table.primary_key.columns)
    while True:
        query = select(table).order_by(*key).limit(BATCH)
        if last is not None:
            query = query.where(tuple_(*key) > tuple_(*last))
        rows = sql.execute(query).all()
        if not rows:
            return
        yield rows
        last = [getattr(rows[-1], one.name) for one in key]


def _noted(table: Table, row: Row[Any], done: int) -> str:
    key = [getattr(row, one.name) for one in table.primary_key.columns]
    return json.dumps([done, *({"hex": one.hex()} if isinstance(one, bytes) else one for one in key)])


def _place(sql: Connection, table: Table) -> tuple[list[Any] | None, int]:
    noted = sql.execute(select(schema.meta.c.value).where(schema.meta.c.name == PLACE + table.name)).scalar()
    if noted is None:
        return None, 0
    done, *key = json.loads(noted)
    return [bytes.fromhex(one["hex"]) if isinstance(one, Mapping) else one for one in key], done


def _count(sql: Connection, table: Table) -> int:
    return int(sql.execute(select(func.count()).select_from(table)).scalar_one())


def _drop_strangers(source: Engine, target: Engine) -> None:
    """Delete rows of the target whose keys the source does not have."""
    for table in copied_tables():
        key = list(table.primary_key.columns)
        with source.connect() as one:
            known = {tuple(row) for row in one.execute(select(*key))}
        with target.begin() as sql:
            strangers = [row for row in sql.execute(select(*key)).all() if tuple(row) not in known]
            for row in strangers:
                sql.execute(delete(table).where(tuple_(*key) == tuple_(*row)))
