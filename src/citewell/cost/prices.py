"""What services charge: the dated price file that ships, and the user's own before it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from citewell.errors import BadInput, NotFound
from citewell.model import Usage
from citewell.money import PICO

OLD_DAYS: Final = 90
HOSTS: Final = {"openai": "api.openai.com", "anthropic": "api.anthropic.com", "cohere": "api.cohere.com"}
"""Where each service is, where its `url` is left empty."""
MONEY: Final = ("input", "cached", "output", "search")
HERE: Final = ("127.0.0.1", "localhost", "::1")
_NAMES: Final = {*MONEY, "models", "up_to", "kind", "host"}


@dataclass(frozen=True, slots=True)
class Price:
    """Pico-dollars for a token read, read again from the service's own cache, written, and for a search (reranking).

    `up_to` is the longest prompt, in tokens, that this is the price of; 0 is any.
    """

    input: int = 0
    cached: int = 0
    output: int = 0
    search: int = 0
    up_to: int = 0

    def cost(self, usage: Usage, searches: int = 0) -> int | None:
        """Return pico-dollars, None for a prompt that is longer than this price is known for."""
        if self.up_to and usage.prompt_tokens > self.up_to:
            return None
        fresh = usage.prompt_tokens - usage.cached_tokens
        read = fresh * self.input + usage.cached_tokens * self.cached
        return read + usage.completion_tokens * self.output + searches * self.search

    @property
    def free(self) -> bool:
        """Whether nothing is ever charged."""
        return not (self.input or self.cached or self.output or self.search)


FREE: Final = Price()


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a price file: which models (shell patterns), of which kind, at which host ("" is any), and what."""

    models: tuple[str, ...]
    kind: str
    host: str
    price: Price


@dataclass(frozen=True)
class Prices:
    """Prices, the first that fits counts. `as_of` is when those were read that ship."""

    listed: tuple[Listed, ...]
    as_of: date

    def of(self, kind: str, host: str, model: str) -> Price | None:
        """Return what a model of a kind ("chat", "embed", "rerank") costs at a host; None if that is not known."""
        for one in self.listed:
            named = any(fnmatchcase(model, pattern) for pattern in one.models)
            if named and one.kind in ("", kind) and one.host in ("", host):
                return one.price
        return None

    def age(self, today: date) -> int:
        """Return how many days old the prices are."""
        return (today - self.as_of).days


def host_of(service: str, url: str) -> str:
    """Return the host that a service is asked at."""
    return urlsplit(url).hostname or HOSTS.get(service, "")


def read_prices(own: Path | None = None) -> Prices:
    """Return the prices that ship, with the user's own before them. NotFound or BadInput for a wrong file."""
    shipped = files("citewell.cost").joinpath("prices.toml").read_text("utf-8")
    data = tomllib.loads(shipped)
    lines = tuple(_lines(data, "prices.toml"))
    if own is None:
        return Prices(lines, data["as_of"])
    try:
        mine = tomllib.loads(own.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"there is no price file {str(own)!r}; correct cost.prices") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"cannot read the price file {str(own)!r}: {error}; correct it") from error
    found = mine.get("as_of", data["as_of"])
    if not isinstance(found, date):
        raise BadInput(f"as_of is {found!r} in {own}; write a date, such as 2026-11-23")
    return Prices((*_lines(mine, str(own)), *lines), found)


def _lines(data: Mapping[str, Any], where: str) -> Iterable[Listed]:
    for one in data.get("price", ()):
        unknown = one.keys() - _NAMES
        if unknown or not one.get("models"):
            wrong = f"unknown {min(unknown)!r}" if unknown else "no models"
            raise BadInput(f"a [[price]] in {where} has {wrong}; it takes {', '.join(sorted(_NAMES))}")
        models = one["models"] if isinstance(one["models"], list) else [one["models"]]
        money = {name: _pico(one[name], name, where) for name in MONEY if name in one}
        price = Price(**{"cached": money.get("input", 0), **money}, up_to=int(one.get("up_to", 0)))
        yield Listed(tuple(map(str, models)), str(one.get("kind", "")), str(one.get("host", "")), price)


def _pico(value: Any, name: str, where: str) -> int:
    """Read dollars for a million tokens, or for a thousand searches, as pico-dollars for one."""
    try:
        found = Decimal(str(value)) * PICO / (1000 if name == "search" else 1_000_000)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0 or isinstance(value, bool) or found != int(found):
        raise BadInput(
            f"{name} is {value!r} in {where}; write dollars for a million tokens (search: for a thousand searches)"
        )
    return int(found)


def is_here(host: str) -> bool:
    """Say whether a host is this machine."""
    return host in HERE or bool(re.fullmatch(r"127(\.\d+){3}", host))
