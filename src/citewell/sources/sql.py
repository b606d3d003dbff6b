"""The rows of one query, each a document. The database is only read: by the transaction, not by good will."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal

import sqlalchemy
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from citewell.errors import BadInput, MissingExtra, NotFound, ProviderError, Unreadable, Unsupported
from citewell.incoming import Blob, Item
from citewell.model import Fields, Value
from citewell.read.limits import Limits
from citewell.sources.spool import Spool

QUOTED: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL
)
"""What a ; may stand in without ending a statement."""
ROWS: Final = 500
MEDIA_TYPES: Final = {"plain": "text/plain", "markdown": "text/markdown", "html": "text/html"}


@dataclass(frozen=True)
class Sql:
    """The rows of `query` at `url` (SQLite or PostgreSQL, as SQLAlchemy writes it, without the password).

    The column `id` identifies a row, `text` is its text, `title` its title; all others are its fields. Documents are
    named `called/id`. A row whose text is NULL is left out. BadInput for another query than one SELECT.
    """

    url: str
    query: str
    id: str = "id"
    text: str = "text"
    format: Literal["plain", "markdown", "html"] = "plain"
    password: str = field(default="", repr=False)
    max_bytes: int = Limits().max_bytes
    max_seconds: float = 600.0
    called: str = "sql"
    _rows: Spool = field(default_factory=Spool, init=False, repr=False, compare=False)
    _skipped: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = self.query.split(None, 1)
        if not words or words[0].upper() not in ("SELECT", "WITH", "VALUES"):
            raise BadInput(f"the query begins with {(words or [''])[0]!r}; a source has one SELECT")
        if ";" in QUOTED.sub("", self.query).strip().rstrip(";"):
            raise BadInput(
                "the query has a ; in it, so it is more than one statement; a source has one SELECT"
            )
        self._address()

    @property
    def name(self) -> str:
        return f"sql:{self.called}"

    def items(self) -> Iterator[Item]:
        """List the rows: each is read, and kept until it is fetched.

        BadInput for a query or columns that are not right, NotFound for a SQLite file that is not there, ProviderError
        when the database cannot be reached.
        """
        self._rows.clear()
        self._skipped.clear()
        seen: set[str] = set()
        with self._connected() as sql:
            rows = sql.execution_options(yield_per=ROWS, no_parameters=True).exec_driver_sql(self.query)
            columns = self._columns(list(rows.keys()))
            for row in rows:
                values = dict(zip(columns, row, strict=True))
                if values[self.text] is None:
                    self._skipped["text is NULL"] = self._skipped.get("text is NULL", 0) + 1
                    continue
                data = json.dumps({name: _plain(value) for name, value in values.items()}).encode()
                id_ = self._named(values[self.id], seen)
                self._rows.put(id_, data)
                yield Item(id_, sha256(data).hexdigest()[:32], len(data))

    def fetch(self, item: Item) -> Blob:
        """Return a row's text. Unreadable when it is too long."""
        data = self._rows.get(item.id)
        if data is None:
            raise Unreadable(item.id, "was not in the last listing; sync again")
        values: dict[str, Any] = json.loads(data)
        text = str(values.pop(self.text)).encode()
        if len(text) > self.max_bytes:
            raise Unreadable(item.id, f"has {len(text)} bytes, more than {self.max_bytes} (read.max_bytes)")
        fields: Fields = {name: _value(value) for name, value in values.items() if value is not None}
        return Blob(item.id, text, MEDIA_TYPES[self.format], source=item.id, fields=fields)

    def skipped(self) -> Mapping[str, int]:
        """Return how many rows the last `items()` left out, by reason."""
        return dict(self._skipped)

    def _named(self, value: Any, seen: set[str]) -> str:
        if value is None or str(value).strip() == "":
            raise BadInput(f"a row of {self.name!r} has no {self.id!r}; leave such rows out in the query")
        id_ = f"{self.called}/{value}"
        if id_ in seen:
            raise BadInput(f"two rows of {self.name!r} have the {self.id} {value!r}; it must tell rows apart")
        seen.add(id_)
        return id_

    def _columns(self, columns: Sequence[str]) -> Sequence[str]:
        for wanted in (self.id, self.text):
            if columns.count(wanted) != 1:
                raise BadInput(
                    f"the query gives {', '.join(columns)}, and not one column {wanted!r}; name one so (AS)"
                )
        return columns

    def _address(self) -> URL:
        try:
            url = make_url(self.url)
        except ArgumentError:
            raise BadInput(
                "the url of an SQL source cannot be read; write it as postgresql://user@host/name"
            ) from None
        if url.password or "password" in url.query:
            raise BadInput("the url of an SQL source has a password in it; take it out, and set password_env")
        kind = url.get_backend_name()
        if kind not in ("sqlite", "postgresql"):
            raise Unsupported(
                f"an SQL source cannot read {kind!r} (only sqlite and postgresql, whose transactions it can make "
                "read-only)"
            )
        if kind == "sqlite":
            return _sqlite(url)
        url = url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
        return url.set(password=self.password) if self.password else url

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Open a read-only transaction, undo it at the end, and turn errors into ours. No message has the password."""
        url = self._address()
        postgres = url.get_backend_name() == "postgresql"
        options = f"-c default_transaction_read_only=on -c statement_timeout={int(self.max_seconds * 1000)}"
        arguments: dict[str, Any] = {"options": options, "connect_timeout": 30} if postgres else {}
        try:
            engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, connect_args=arguments)
        except (ImportError, NoSuchModuleError) as error:
            remedy = "pip install 'citewell[postgres]'"
            raise MissingExtra(f"this SQL source needs a database driver ({error}): {remedy}") from error
        try:
            with engine.connect() as sql:
                if postgres:
                    sql = sql.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
                else:
                    self._bounded(sql)
                yield sql
                sql.rollback()
        except SQLAlchemyError as error:
            raise self._failed(error) from None
        finally:
            engine.dispose()

    def _bounded(self, sql: Connection) -> None:
        """Have SQLite end a query that takes too long."""
        deadline, inner = monotonic() + self.max_seconds, sql.connection.dbapi_connection
        assert inner is not None
        inner.set_progress_handler(lambda: int(monotonic() > deadline), 10_000)

    def _failed(self, error: SQLAlchemyError) -> Exception:
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
        said = said.replace(self.password, "***") if self.password else said
        if isinstance(error, sqlalchemy.exc.OperationalError):
            return ProviderError(f"the database of {self.name!r} cannot be read: {said}", retryable=True)
        return BadInput(f"the query of {self.name!r} failed: {said}")


def _sqlite(url: URL) -> URL:
    """Return an address that opens a file for reading only."""
    if not url.database or url.database == ":memory:" or url.query:
        raise BadInput("an SQL source of SQLite is a file: sqlite:///path/to/file.db")
    path = Path(url.database).absolute()
    if not path.is_file():
        raise NotFound(f"there is no SQLite file {str(path)!r}; check the url")
    return URL.create("sqlite", database=path.as_uri(), query={"mode": "ro", "uri": "true"})


def _plain(value: Any) -> Any:
    """Return a database's value as JSON has one. A decimal that a float does not hold stays text."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return json.dumps(value, default=str, sort_keys=True)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _value(value: Any) -> Value:
    return tuple(str(one) for one in value) if isinstance(value, list) else value
