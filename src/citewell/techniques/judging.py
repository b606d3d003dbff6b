"""A second reader of answers: a chat model says whether a quote supports a sentence that it shares few words with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from citewell.answer import Doubt
from citewell.model import Citation, Query, Step, Usage
from citewell.techniques.means import Ask, together


@dataclass(frozen=True)
class Judging:
    """Asks once for each sentence in doubt, all side by side. Only a clear yes counts.

    (A model as a judge of attribution: Yue et al., "Automatic Evaluation of Attribution by Large Language
    Models", 2023)
    """

    ask: Ask

    async def __call__(self, query: Query, doubts: Sequence[Doubt]) -> tuple[Mapping[str, Citation], Step]:
        """Return the quotes of the sentences that are supported, by sentence, and what that took."""
        started = perf_counter()
        said = await together(
            [self.ask("judge", query, answer=one.claim, passages=one.shown) for one in doubts]
        )
        granted = {
            doubt.claim: doubt.quote
            for doubt, one in zip(doubts, said, strict=True)
            if one.choice(("yes", "no")) == "yes"
        }
        did = f"{len(granted)} of {len(doubts)} sentences in doubt are supported, says the model"
        usage = sum((one.usage for one in said), Usage())
        return granted, Step("judge", did, len(doubts), usage, perf_counter() - started)
