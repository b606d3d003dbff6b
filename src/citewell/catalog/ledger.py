"""The ledger: every call to a service that may charge, written before it is made and again when it has ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import case, func, select, update

from citewell.catalog import schema
from citewell.catalog.engine import At, open_engine, replace_in, translated
from citewell.money import By, Spent, dollars

s = schema.spend.c
RECENT = 200
"""Calls of a model that its next one is judged by."""
ENOUGH = 500
"""Tokens that must have been counted before our estimates are corrected by them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A row. `at` is ISO 8601, UTC; `cost` is pico-dollars, None where it is not known."""

    id: int
    at: str
    day: str
    request: str
    key: str
    kind: str
    model: str
    status: str = "running"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    searches: int = 0
    estimated: bool = True
    expected_tokens: int = 0
    cost: int | None = None


class Ledger:
    """The table `spend` of a catalog, whose tables must be there. Every method is one transaction, durable."""

    def __init__(self, at: At) -> None:
        self._engine = open_engine(at)

    def recover(self) -> None:
        """Mark the calls that a crash cut off as lost, at the most they can have cost.

        Those of other processes that live are written anew when they end.
        """
        with translated(), self._engine.begin() as sql:
            running = update(schema.spend).where(s.status == "running")
            sql.execute(running.values(status="lost", estimated=True))

    def write(self, call: Call) -> None:
        """Write a call, in place of what was written of it before."""
        with translated(), self._engine.begin() as sql:
            sql.execute(replace_in(sql, schema.spend).values(**asdict(call)))

    def of_day(self, day: str) -> int:
        """Return the pico-dollars of a day, as far as they are known."""
        with translated(), self._engine.connect() as sql:
            found = sql.execute(select(func.coalesce(func.sum(s.cost), 0)).where(s.day == day))
            return int(found.scalar_one())

    def spent(self, by: By, since: str = "") -> list[Spent]:
        """Return what each group of calls took since a day (ISO), in order of the group's name."""
        group = s[by]
        query = (
            select(
                group, func.count(), func.sum(s.prompt_tokens), func.sum(s.cached_tokens),
                func.sum(s.completion_tokens), func.coalesce(func.sum(s.cost), 0),
                func.sum(case((s.cost.is_(None), 1), else_=0)), func.sum(case((s.estimated, 1), else_=0)),
            ).where(s.day >= since).group_by(group)
        )  # fmt: skip
        with translated(), self._engine.connect() as sql:
            # PostgreSQL sorts text as its own language does.
            return sorted((_spent(row) for row in sql.execute(query)), key=lambda one: one.name)

    def learned(self, kind: str, model: str) -> tuple[float, float]:
        """Return (counted tokens for each one that we had expected, tokens written by a call) of a model's last calls.

        0 for what is not known yet.
        """
        query = select(s.prompt_tokens, s.expected_tokens, s.completion_tokens).where(
            s.kind == kind, s.model == model, s.status == "done", s.estimated.is_(False)
        )
        with translated(), self._engine.connect() as sql:
            rows = sql.execute(query.order_by(s.id.desc()).limit(RECENT)).all()
        read, expected = sum(row[0] for row in rows), sum(row[1] for row in rows)
        ratio = read / expected if expected and read >= ENOUGH else 0.0
        return ratio, sum(row[2] for row in rows) / len(rows) if rows else 0.0

    def close(self) -> None:
        """Release the files."""
        self._engine.dispose()


def _spent(row: Any) -> Spent:
    name, calls, prompt, cached, completion, cost, unknown, estimated = row
    return Spent(
        name, calls, prompt, cached, completion, dollars(int(cost)) or Spent("").cost, unknown, estimated
    )
