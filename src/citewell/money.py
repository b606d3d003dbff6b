"""Money: what was spent, and what a job would cost. Exact: pico-dollars are counted, Decimals are shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

PICO: Final = 10**12
"""Pico-dollars in a dollar: a token at the least price in use (0.005 $ a million) is 5,000 of them, a whole number."""

By: TypeAlias = Literal["day", "model", "kind", "request", "key", "status"]
GROUPS: Final = ("day", "model", "kind", "request", "key", "status")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a group of calls to services took. `name` is the day, model … that they have in common.

    `cost` is US dollars, of the calls whose price is known; `unknown` counts those whose price is not, `estimated`
    those whose tokens the service did not say. `cached_tokens` are those of the prompt that it had read before.
    """

    name: str
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)
    unknown: int = 0
    estimated: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """What a job is expected to take, and what it takes at most, in tokens and US dollars.

    `cost` and `most` are None where a price, or a bound, is not known; `notes` say why. `local`: the service that would
    be paid listens on this machine.
    """

    calls: int = 0
    prompt_tokens: int = 0
    prompt_most: int = 0
    completion_tokens: int = 0
    completion_most: int = 0
    cost: Decimal | None = Decimal(0)
    most: Decimal | None = Decimal(0)
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    local: bool = False

    def __add__(self, other: Quote) -> Quote:
        return Quote(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.prompt_most + other.prompt_most,
            self.completion_tokens + other.completion_tokens,
            self.completion_most + other.completion_most,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
            None if self.most is None or other.most is None else self.most + other.most,
            tuple(dict.fromkeys(self.models + other.models)),
            tuple(dict.fromkeys(self.notes + other.notes)),
            self.local or other.local,
        )

    @property
    def free(self) -> bool:
        """Whether it costs nothing for certain."""
        return self.most == 0


def dollars(pico: int | None) -> Decimal | None:
    """Return pico-dollars as dollars, exactly."""
    return None if pico is None else Decimal(pico) / PICO


def shown(money: Decimal | None) -> str:
    """Return money for people: "$1.20", "$0.000042", or "unknown"."""
    if money is None:
        return "unknown"
    if money == 0 or money >= Decimal("0.1"):
        return f"${money:.2f}"
    return f"${money:.2g}" if money >= Decimal("0.0001") else f"${money:.8f}".rstrip("0").rstrip(".")
