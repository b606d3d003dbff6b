"""The books: what is spent and what is under way, who may spend more, and the ledger behind both.

A library belongs to one process, so what is under way is counted in memory, under one lock. A call counts with the most
that it can cost until it has ended: calls at the same time cannot together run over a budget by more than one of them.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import uuid4

from citewell.catalog import At, Call, Ledger
from citewell.cost.prices import Price
from citewell.errors import OverBudget
from citewell.model import Usage
from citewell.money import PICO, By, Spent, dollars, shown

log = logging.getLogger("citewell.cost")
Status = Literal["done", "failed", "left"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets in pico-dollars; None is none."""

    per_request: int | None = None
    per_day: int | None = None


@dataclass
class Account:
    """What one request, or one job, has spent so far. `limited`: the budget for a request holds for it."""

    id: str = field(default_factory=lambda: uuid4().hex[:16])
    key: str = ""
    limited: bool = True
    spent: int = 0
    reserved: int = 0
    unknown: bool = False

    @property
    def cost(self) -> Decimal | None:
        """Return dollars, None where a price is not known."""
        return None if self.unknown else dollars(self.spent)


_CHARGED: Final[ContextVar[Account | None]] = ContextVar("charged", default=None)


def charged() -> Account | None:
    """Return the account of the request that is being worked for."""
    return _CHARGED.get()


@contextmanager
def charging(account: Account | None) -> Iterator[None]:
    """Charge what is called inside to an account. An iterator that is resumed elsewhere must be charged anew."""
    before = _CHARGED.get()
    _CHARGED.set(account)
    try:
        yield
    finally:
        _CHARGED.set(before)


@dataclass(frozen=True, slots=True)
class Planned:
    """A call that is to be made: to which model, at which price, what its prompt is expected to be, and its most."""

    kind: Literal["chat", "embed", "rerank"]
    model: str
    price: Price | None
    expected: int
    most: int | None
    searches: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A call under way. `written` is done once a crash could not lose it any more."""

    call: Call
    planned: Planned
    account: Account
    written: Future[None]


class Books:
    """Admits calls and notes what they took. Safe to share between threads and event loops."""

    def __init__(
        self, at: At, limits: Limits = Limits(), clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._ledger, self._limits, self._clock = Ledger(at), limits, clock
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, "ledger")
        self._days: defaultdict[str, int] = defaultdict(int)
        self._reserved: defaultdict[str, int] = defaultdict(int)
        self._ids = _numbers()

    def open(self) -> None:
        """Read what is there, once the catalog is open: what a crash cut off, and today's sum."""
        self._ledger.recover()
        today = self._today()
        self._days[today] = self._ledger.of_day(today)

    def enter(self, planned: Planned) -> Entry:
        """Admit a call, or refuse it with OverBudget. Its row is on its way to the ledger."""
        account = charged() or Account(limited=False)
        now = self._clock()
        day = now.date().isoformat()
        with self._lock:
            if planned.price is None or not planned.price.free:
                self._refuse(account, now)
            self._reserved[day] += planned.most or 0
            account.reserved += planned.most or 0
            number = next(self._ids)
        call = Call(
            number, now.isoformat(timespec="milliseconds"), day, account.id, account.key, planned.kind, planned.model,
            prompt_tokens=planned.expected, expected_tokens=planned.expected, searches=planned.searches,
            cost=planned.most,
        )  # fmt: skip
        return Entry(call, planned, account, self._writer.submit(self._ledger.write, call))

    def leave(
        self, entry: Entry, usage: Usage | None, status: Status, guess: Usage, searches: int = 0
    ) -> None:
        """Note how a call ended. `usage` is what the service said, `guess` is taken where it said nothing."""
        took, planned, account = usage or guess, entry.planned, entry.account
        cost = None if planned.price is None else planned.price.cost(took, searches)
        with self._lock:
            self._reserved[entry.call.day] -= planned.most or 0
            account.reserved -= planned.most or 0
            self._days[entry.call.day] += cost or 0
            account.spent += cost or 0
            account.unknown = account.unknown or cost is None
        ended = replace(
            entry.call, status=status, prompt_tokens=took.prompt_tokens, cached_tokens=took.cached_tokens,
            completion_tokens=took.completion_tokens, searches=searches, estimated=usage is None, cost=cost,
        )  # fmt: skip
        self._writer.submit(self._ledger.write, ended).add_done_callback(_tell)

    def spent(self, by: By, since: str = "") -> list[Spent]:
        """Return what each group of calls took since a day, calls under way at their most."""
        self.settle()
        return self._ledger.spent(by, since)

    def learned(self, kind: str, model: str) -> tuple[float, float]:
        """Return what a model's last calls say of its next one; see Ledger.learned."""
        self.settle()
        return self._ledger.learned(kind, model)

    def today(self) -> Decimal:
        """Return the dollars of today (UTC), as far as they are known."""
        with self._lock:
            return Decimal(self._days[self._today()]) / PICO

    def settle(self) -> None:
        """Wait until the ledger has all that was noted."""
        self._writer.submit(lambda: None).result()

    def close(self) -> None:
        """Write what is not written yet, and release the files."""
        self._writer.shutdown(wait=True)
        self._ledger.close()

    def _today(self) -> str:
        return self._clock().date().isoformat()

    def _refuse(self, account: Account, now: datetime) -> None:
        budgets = []
        if account.limited and self._limits.per_request is not None:
            budgets.append(("cost.per_request", self._limits.per_request, account.spent, account.reserved))
        if self._limits.per_day is not None:
            day = now.date().isoformat()
            budgets.append(("cost.per_day", self._limits.per_day, self._days[day], self._reserved[day]))
        for name, limit, spent, reserved in budgets:
            if spent + reserved >= limit:
                raise _over(name, limit, (spent, reserved), now)


def _over(name: str, limit: int, taken: tuple[int, int], now: datetime) -> OverBudget:
    spent, reserved = map(dollars, taken)
    under_way = f" and at most {shown(reserved)} is under way" if reserved else ""
    resets = ""
    when = "ask less of one question"
    if name == "cost.per_day":
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        resets = midnight.isoformat()
        when = f"it begins anew at {resets}"
    return OverBudget(
        f"{name} is {shown(dollars(limit))}: {shown(spent)} is spent{under_way}; {when}, or raise {name}",
        budget=name,
        limit=str(dollars(limit)),
        spent=str(spent),
        resets=resets,
    )


def _numbers() -> Iterator[int]:
    """Yield ids of calls: each greater than the one before, and no other process's."""
    last, ours = 0, secrets.randbits(10)
    while True:
        last = max(last + 1024, (time.time_ns() // 1000 << 10) + ours)
        yield last


def _tell(done: Future[None]) -> None:
    # The row stays "running", and counts at its most when the library is opened the next time.
    if error := done.exception():
        log.error("the ledger could not note how a call ended: %s", error)
