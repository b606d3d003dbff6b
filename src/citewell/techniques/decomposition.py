"""Decomposition: parts of a question are answered from passages of their own; the answers help with the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from time import perf_counter

from citewell.model import Answer, Found, Hit, Query, Step
from citewell.prompted import Style
from citewell.protocols import Find
from citewell.techniques.constants import PARTS
from citewell.techniques.means import Means, together
from citewell.techniques.merge import joined, taking_turns


@dataclass(frozen=True)
class Decomposition:
    """Answers parts side by side, or, `recursive`, one after the other, each seeing the answers before it.

    Parts are answered as questions are, with checked citations; what they cite is shown for the whole, first of all.
    (Zhou et al., "Least-to-Most Prompting", ICLR 2023; Trivedi et al., "IRCoT", ACL 2023; RAG from Scratch, 7)
    """

    inner: Find
    means: Means
    recursive: bool = False

    async def __call__(self, query: Query) -> Found:
        """Find for the question and for each of up to PARTS parts; answers to parts are notes for the model."""
        started = perf_counter()
        said = await self.means.ask("decomposition", query)
        parts = [text for text in said.lines(PARTS + 1) if text != query.text][:PARTS]
        style = Style("short", language=query.style.language)
        whole, *answered = await self._found(query, [replace(query, text=one, style=style) for one in parts])
        answers = [one.answer for one in answered if one.answer is not None]
        lists = [*(_cited(one) for one in answers), whole.hits, *(one.hits for one in answered)]
        hits = taking_turns(lists, query.limit)
        notes = "\n\n".join(text for text in (whole.notes, _notes(answered)) if text)
        did = " | ".join(_told(one) for one in answered) or "the model named no parts"
        usage = sum((one.usage for one in answers), said.usage)
        name = "decomposition-recursive" if self.recursive else "decomposition"
        step = Step(name, did, 1 + sum(bool(one.hits) for one in answered), usage, perf_counter() - started)
        return joined([replace(whole, notes=notes), *answered], hits, step)

    async def _found(self, query: Query, parts: list[Query]) -> list[Found]:
        """What is found for the whole, then for each part, with its answer."""
        if not self.recursive:
            return await together([self.inner(query), *(self._part(one, "") for one in parts)])
        done: list[Found] = []
        for one in parts:
            done.append(await self._part(one, _notes(done)))
        return [await self.inner(query), *done]

    async def _part(self, query: Query, notes: str) -> Found:
        found = await self.inner(query)
        known = "\n\n".join(text for text in (found.notes, notes) if text)
        return replace(found, answer=found.answer or await self.means.write(replace(found, notes=known)))


def recursive(inner: Find, means: Means) -> Decomposition:
    """Decomposition, one part after the other."""
    return Decomposition(inner, means, recursive=True)


def _cited(answer: Answer) -> list[Hit]:
    """The hits that an answer cites."""
    return [
        hit
        for hit in answer.hits
        if any(
            (one.document_id, one.version) == (hit.passage.document_id, hit.passage.version)
            and hit.passage.start <= one.start < hit.passage.end
            for one in answer.citations
        )
    ]


def _notes(answered: list[Found]) -> str:
    """The parts that were answered, as a model is told of them; footnotes of theirs would be mistaken for its own."""
    return "\n\n".join(
        f"Question: {one.query.text}\nAnswer: {_bare(one.answer)}"
        for one in answered
        if one.answer is not None and one.answer.verdict != "refused"
    )


def _told(found: Found) -> str:
    refused = found.answer is None or found.answer.verdict == "refused"
    return f"{found.query.text} → {'no answer' if refused else _bare(found.answer)}"


def _bare(answer: Answer | None) -> str:
    return "" if answer is None else re.sub(r"\s*\[\d+\]", "", answer.text)
