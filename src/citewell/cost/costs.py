"""All that has to do with money, for one library: prices, books, the answer cache, and the meters on its models."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from citewell.catalog import Answers, At
from citewell.cost.books import Account, Books, Limits, charging
from citewell.cost.cached import CachedChat
from citewell.cost.metered import MeteredChat, MeteredEmbedder, MeteredReranker, Model
from citewell.cost.prices import FREE, HOSTS, Prices, host_of, is_here, read_prices
from citewell.cost.quote import Payer
from citewell.errors import BadInput
from citewell.model import JSON, Prompt
from citewell.money import GROUPS, PICO, By, Quote, Spent, shown
from citewell.protocols import Chat, Embedder, Reranker
from citewell.settings import ChatConfig, CostConfig, EmbedConfig


@dataclass
class Costs:
    """Put meters on models while a library is assembled; then `open`, once its catalog is there."""

    prices: Prices
    books: Books
    limits: Limits
    catalog: At
    chats: list[Model] = field(default_factory=list)
    max_tokens: int = 0
    embeds: Model | None = None
    answers: Answers | None = None

    @classmethod
    def of(cls, config: CostConfig, catalog: At) -> Costs:
        """Return the costs of a library whose catalog is (or will be) there."""
        limits = Limits(_pico(config.per_request), _pico(config.per_day))
        return cls(read_prices(config.prices), Books(catalog, limits), limits, catalog)

    def chat(self, chat: Chat, config: ChatConfig) -> Chat:
        """Return a chat model with a meter; `extract` takes no tokens, and needs none."""
        if config.model == "extract":
            return chat
        if config.model == "local":
            model = Model(chat.name, FREE, True)
        else:
            model = self._model("chat", config.model, config.url, config.name)
        self.chats.append(model)
        self.max_tokens = max(self.max_tokens, config.max_tokens)
        return MeteredChat(chat, model, self.books, config.max_tokens)

    def embedder(self, embedder: Any, config: EmbedConfig) -> Embedder:
        """Return an embedder with a meter, where it is a service."""
        found: Embedder = embedder
        if config.model not in HOSTS:
            return found
        self.embeds = self._model("embed", config.model, config.url, config.name)
        return MeteredEmbedder(embedder, self.embeds, self.books)

    def reranker(self, reranker: Any, service: str, url: str, name: str) -> Reranker:
        """Return a service's reranker with a meter."""
        return MeteredReranker(reranker, self._model("rerank", service, url, name), self.books)

    def cached(self, chat: Chat, chain: Sequence[ChatConfig]) -> Chat:
        """Return a chat model that takes again what it wrote to the same prompt, where chat.cache is set."""
        most = chain[0].cache
        if not most or chain[0].model == "extract":
            return chat
        self.answers = Answers(self.catalog, most)
        named = [[one.model, one.name, one.url, str(one.path), one.max_tokens] for one in chain]
        return CachedChat(chat, self.answers, json.dumps(named))

    def open(self) -> None:
        """Read the ledger. The catalog's tables must be there."""
        self.books.open()

    def payer(self) -> Payer:
        """Return what quotes."""
        return Payer(self.books, tuple(self.chats), self.max_tokens, self.embeds)

    def quoting(self, chat: Chat) -> Callable[[Prompt], Quote]:
        """Return what quotes a prompt to a chat model; what is in the cache is free."""
        payer = self.payer()

        def quoted(prompt: Prompt) -> Quote:
            known = isinstance(chat, CachedChat) and chat.knows(prompt)
            return Quote(notes=("the answer cache has it",)) if known else payer.prompts([prompt])

        return quoted

    def request(self, job: bool = False) -> Any:
        """Charge what is called inside to an account of its own; a job is not held to the budget of a question."""
        return charging(Account(limited=not job))

    def spent(self, by: By = "day", since: str = "") -> list[Spent]:
        """Return what was spent since a day, by day, model, kind, request, key or status. BadInput otherwise."""
        if by not in GROUPS:
            raise BadInput(f"by is {by!r}; use one of {', '.join(GROUPS)}")
        try:
            day = datetime.strptime(since, "%Y-%m-%d").date().isoformat() if since else ""
        except ValueError:
            raise BadInput(f"since is {since!r}; write a day, such as 2026-11-23") from None
        return self.books.spent(by, day)

    def state(self) -> JSON:
        """Return what `status` says."""
        return {
            "today": shown(self.books.today()),
            "embedding": _said(self.embeds),
            "chat": [f"{one.name}: {_said(one)}" for one in self.chats],
            "prices as of": self.prices.as_of.isoformat(),
        }

    def close(self) -> None:
        """Write what is not written yet, and release the files."""
        self.books.close()
        if self.answers is not None:
            self.answers.close()

    def _model(self, kind: str, service: str, url: str, name: str) -> Model:
        host = host_of(service, url)
        price = self.prices.of(kind, host, name)
        if price is None and self.limits != Limits():
            raise BadInput(
                f"a budget is set, and the price of {name!r} at {host!r} is not known: it could not be kept; write "
                "the price into a file and name it in cost.prices, or unset cost.per_request and cost.per_day"
            )
        return Model(name, price, is_here(host))


def total(spent: Sequence[Spent]) -> Spent:
    """Return the sum of groups."""
    found = Spent("total")
    for one in spent:
        found = replace(
            found, calls=found.calls + one.calls, prompt_tokens=found.prompt_tokens + one.prompt_tokens,
            cached_tokens=found.cached_tokens + one.cached_tokens,
            completion_tokens=found.completion_tokens + one.completion_tokens, cost=found.cost + one.cost,
            unknown=found.unknown + one.unknown, estimated=found.estimated + one.estimated,
        )  # fmt: skip
    return found


def age_of(prices: Prices) -> int:
    """Return how many days old prices are today."""
    return prices.age(datetime.now(UTC).date())


def _said(model: Model | None) -> str:
    if model is None or (model.price is not None and model.price.free):
        return "free"
    return "paid" if model.price is not None else "price unknown"


def _pico(money: float) -> int | None:
    return int(Decimal(str(money)) * PICO) if money else None
