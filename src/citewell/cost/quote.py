"""What would it cost? Quotes: expected, and at most, before anything is spent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citewell.cost import tokens
from citewell.cost.books import Books
from citewell.cost.metered import Model, embedded_most
from citewell.model import Prompt, Usage
from citewell.money import Quote, dollars

if TYPE_CHECKING:
    from citewell.writing import Expected

UNLEARNED = 150
"""Tokens that an answer is expected to have of a model that has written none yet."""


@dataclass(frozen=True)
class Payer:
    """What quotes calls of the chat models that may be asked (the first, then its fallbacks) and of the embedder."""

    books: Books
    chats: tuple[Model, ...] = ()
    max_tokens: int = 0
    embedder: Model | None = None

    def prompts(self, prompts: Sequence[Prompt]) -> Quote:
        """Quote the answers to these prompts: the first model's expected cost, the dearest one's most."""
        if not self.chats or not prompts:
            return Quote()
        ratio, written = self.books.learned("chat", self.chats[0].name)
        sizes = [tokens.of_messages(one.messages, self.chats[0].name) for one in prompts]
        each = min(self.max_tokens, round(written) or UNLEARNED)
        likely = [Usage(min(round(size * (ratio or 1)), most), each) for size, most in sizes]
        bound = [Usage(most, self.max_tokens) for _, most in sizes]
        costs = [[_cost(model, one) for one in bound] for model in self.chats]
        dearest = [_most([of[at] for of in costs]) for at in range(len(prompts))]
        return Quote(
            calls=len(prompts),
            prompt_tokens=sum(one.prompt_tokens for one in likely),
            prompt_most=sum(most for _, most in sizes),
            completion_tokens=each * len(prompts),
            completion_most=self.max_tokens * len(prompts),
            cost=dollars(_sum([_cost(self.chats[0], one) for one in likely])),
            most=dollars(_sum(dearest)),
            models=tuple(dict.fromkeys(model.name for model in self.chats)),
            notes=_notes(self.chats),
            local=all(model.local for model in self.chats),
        )

    def writing(self, asked: Expected) -> Quote:
        """Quote what a model is to write of documents; what it writes is embedded too."""
        if not self.chats or not asked.calls:
            return Quote()
        likely, bound = (
            Usage(asked.prompt_tokens, asked.completion_tokens),
            Usage(asked.prompt_most, asked.completion_most),
        )
        chat = Quote(
            asked.calls,
            asked.prompt_tokens,
            asked.prompt_most,
            asked.completion_tokens,
            asked.completion_most,
            dollars(_cost(self.chats[0], likely)),
            dollars(_most([_cost(model, bound) for model in self.chats])),
            tuple(dict.fromkeys(model.name for model in self.chats)),
            _notes(self.chats),
            all(model.local for model in self.chats),
        )
        if self.embedder is None:
            return chat
        read = Usage(asked.completion_tokens), Usage(asked.completion_most)
        cost, most = (dollars(_cost(self.embedder, one)) for one in read)
        return chat + Quote(0, read[0].prompt_tokens, read[1].prompt_tokens, 0, 0, cost, most)

    def embedding(self, texts: Iterable[str]) -> Quote:
        """Quote embedding these texts, as if none were known; `calls` counts them."""
        model = self.embedder
        if model is None:
            return Quote()
        likely, bound, calls = 0.0, 0, 0
        for text in texts:
            likely += tokens.expected(text, model.name)
            bound += embedded_most(text)
            calls += 1
        if not calls:
            return Quote(local=model.local)
        read = min(bound, round(likely * (self.books.learned("embed", model.name)[0] or 1)))
        cost, most = _cost(model, Usage(read)), _cost(model, Usage(bound))
        return Quote(
            calls,
            read,
            bound,
            0,
            0,
            dollars(cost),
            dollars(most),
            (model.name,),
            _notes([model]),
            model.local,
        )


def _cost(model: Model, usage: Usage) -> int | None:
    return None if model.price is None else model.price.cost(usage)


def _sum(costs: Sequence[int | None]) -> int | None:
    known = [one for one in costs if one is not None]
    return sum(known) if len(known) == len(costs) else None


def _most(costs: Sequence[int | None]) -> int | None:
    known = [one for one in costs if one is not None]
    return max(known) if len(known) == len(costs) else None


def _notes(models: Iterable[Model]) -> tuple[str, ...]:
    unknown = dict.fromkeys(model.name for model in models if model.price is None)
    return tuple(
        f"the price of {name!r} is not known; write it into a file that cost.prices names" for name in unknown
    )
