"""What was said before? Conversations that are kept in the catalog, where a question asked for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citewell import wire
from citewell.answering import MOST_HISTORY
from citewell.conversation import NEW, Conversation, Turn
from citewell.errors import BadInput
from citewell.model import Answer, Query

if TYPE_CHECKING:
    from citewell.catalog.talk import Talk

MOST_LISTED = 1000


@dataclass(frozen=True)
class Conversations:
    """The kept conversations of a library. What a method returned from is durable; what is deleted is gone."""

    talk: Talk

    def list(self, limit: int = 100, before: str = "") -> list[Conversation]:
        """Return up to `limit` (at most 1000), without their turns, the latest first.

        `before` is the `updated_at` of the last one of the page before. BadInput for another limit.
        """
        if not 1 <= limit <= MOST_LISTED:
            raise BadInput(f"limit {limit!r} is out of range; use 1 to {MOST_LISTED}")
        return [Conversation(*row) for row in self.talk.list(limit, before)]

    def get(self, id: str) -> Conversation:
        """Return one with its turns. NotFound if there is none."""
        row, turns = self.talk.get(id)
        read = tuple(
            Turn(n, question, wire.load_answer(json.loads(said)), at) for n, question, said, at in turns
        )
        return replace(Conversation(*row), turns=read)

    def delete(self, id: str) -> None:
        """Delete one, for good: nothing of it is left in the catalog's files. NotFound if there is none."""
        self.talk.delete(id)

    def resumed(self, query: Query) -> Query:
        """Return a question with the last turns of its conversation. BadInput when it brings a history too."""
        if query.history:
            raise BadInput(
                f"the question names the conversation {query.conversation!r} and brings a history; send one of them"
            )
        if query.conversation == NEW:
            return query
        return replace(query, history=self.get(query.conversation).messages(MOST_HISTORY))

    def keep(self, query: Query, answer: Answer) -> Answer:
        """Add a turn, in one transaction; returns the answer, which names the conversation.

        NotFound when it was deleted in the meantime. The passages shown are not kept: a search finds them again.
        """
        said = json.dumps(wire.dump(replace(answer, hits=())), ensure_ascii=False)
        row = {
            "question": query.text,
            "answer": said,
            "model": answer.model,
            "prompt": str(answer.prompt or ""),
            "prompt_tokens": answer.usage.prompt_tokens,
            "completion_tokens": answer.usage.completion_tokens,
        }
        id = self.talk.add(None if query.conversation == NEW else query.conversation, row)
        return replace(answer, conversation=id)
