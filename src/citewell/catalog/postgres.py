"""PostgreSQL as the catalog needs it: where it is, its settings, and its errors as ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from citewell.errors import BadInput, CitewellError, MissingExtra, OutOfSpace, ProviderError

CONNECT_SECONDS: Final = 10
REMEDIES: Final = {
    "28": "check the user, and its password in ~/.pgpass, $PGPASSWORD or the variable in catalog.password_env",
    "3D": "make the database first, or correct catalog.url",
    "42501": "the user of catalog.url needs the right to do that; grant it there",
    "22021": "leave out the NUL characters: PostgreSQL's text cannot hold them",
    "22P05": "leave out the NUL characters and lone surrogates: PostgreSQL's jsonb cannot hold them",
    "22003": "give a number that PostgreSQL can hold",
}
"""By the first characters of PostgreSQL's error code: what the caller can do."""
AGAIN: Final = ("08", "40", "53", "55", "57")
"""The classes of codes after which the same call may succeed later."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A catalog in a schema of a PostgreSQL database. Without a password, libpq looks for one as it always does."""

    url: str
    schema: str = "citewell"
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Name it in a message, without any password."""
        shown = make_url(self.url).set(query={}).render_as_string(hide_password=True)
        return f"{shown}, schema {self.schema}"


def open_postgres(at: Postgres) -> Engine:
    """Make connections that see only the catalog's schema; none is made yet. BadInput for what is no such address."""
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "a catalog on PostgreSQL needs the package 'psycopg': pip install 'citewell[postgres]'"
        ) from error
    engine: Engine = create_engine(
        _driven(at), pool_pre_ping=True, pool_size=10, max_overflow=10, connect_args=_options()
    )
    quoted = '"' + at.schema.replace('"', '""') + '"'

    @event.listens_for(engine, "connect", insert=True)
    def prepare(connection: Any, _: Any) -> None:
        connection.execute(f"SET search_path TO {quoted}")
        connection.commit()

    return engine


def _options() -> dict[str, Any]:
    # A statement that waits for ever would hold a request for ever; a transaction that was left open, everybody.
    limits = "-c lock_timeout=60s -c idle_in_transaction_session_timeout=10min -c timezone=UTC"
    return {"connect_timeout": CONNECT_SECONDS, "options": limits, "application_name": "citewell"}


def _driven(at: Postgres) -> URL:
    try:
        url = make_url(at.url)
    except ArgumentError:
        url = make_url("none://")
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise BadInput(
            f"catalog.url is no address of a PostgreSQL database: it begins with {url.drivername!r}; "
            "write postgresql+psycopg://USER@HOST/DATABASE"
        )
    url = url.set(drivername="postgresql+psycopg")
    return url.set(password=at.password) if at.password else url


def postgres_error(error: DBAPIError) -> CitewellError | None:
    """Return what PostgreSQL's error means for the caller; None for what is a bug."""
    code = str(getattr(error.orig, "sqlstate", None) or "")
    text = " ".join(str(error.orig).split())[:300]
    if code == "53100":
        return OutOfSpace(f"the catalog's server has no space left: {text}; nothing acknowledged is lost")
    if not code and "NUL" in text:
        code = "22021"
    for start, remedy in REMEDIES.items():
        if code.startswith(start):
            return BadInput(f"the catalog's server refuses: {text}; {remedy}")
    if not code and any(word in text for word in ("authentication failed", "no password supplied")):
        return BadInput(f"the catalog's server refuses: {text}; {REMEDIES['28']}")
    if not code and "does not exist" in text:
        return BadInput(f"the catalog's server refuses: {text}; {REMEDIES['3D']}")
    if not code or code.startswith(AGAIN):
        return ProviderError(
            f"the catalog's server cannot be used now: {text}; check that it runs at catalog.url, and try again",
            retryable=True,
        )
    return None
