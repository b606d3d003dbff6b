"""What was said before? Conversations that are kept in the catalog, where a question asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citewell import wire
from citewell.access import ANYBODY, Access
from citewell.answering import MOST_HISTORY
from citewell.conversation import NEW, Conversation, Turn, redacted
from citewell.errors import BadInput
from citewell.model import Answer, Query

if TYPE_CHECKING:
    from citewell.catalog.talk import Talk

MOST_LISTED = 1000


@dataclass(frozen=True)
class Conversations:
    """The kept conversations of a library. What a method returned from is durable; what is deleted is gone.

    One belongs to the access that it was begun with: with another, but for the owner's, it is not there.
    `seen` says which of these documents an asker may see.
    """

    talk: Talk
    seen: Callable[[Collection[str], Access], set[str]]

    def list(self, limit: int = 100, before: str = "", access: Access = ANYBODY) -> list[Conversation]:
        """Return up to `limit` (at most 1000), without their turns, the latest first.

        `before` is the `updated_at` of the last one of the page before. BadInput for another limit.
        """
        if not 1 <= limit <= MOST_LISTED:
            raise BadInput(f"limit {limit!r} is out of range; use 1 to {MOST_LISTED}")
        return [Conversation(*row) for row in self.talk.list(limit, before, access)]

    def get(self, id: str, access: Access = ANYBODY) -> Conversation:
        """Return one with its turns. NotFound if there is none.

        What documents said that are no longer for who asks is left out of the answers.
        """
        row, turns = self.talk.get(id, access)
        shown = self.talk.shown(id)
        everything = {one for some in shown.values() for one in some}
        hidden = set() if access.everything else everything - self.seen(everything, access)
        read = []
        for n, question, said, at in turns:
            answer = json.loads(said)
            answer = redacted(answer, hidden) if hidden & shown.get(n, set()) else answer
            read.append(Turn(n, question, wire.load_answer(answer), at))
        return replace(Conversation(*row), turns=tuple(read))

    def delete(self, id: str, access: Access = ANYBODY) -> None:
        """Delete one, for good: nothing of it is left in the catalog's files. NotFound if there is none."""
        self.talk.delete(id, access)

    def resumed(self, query: Query) -> Query:
        """Return a question with the last turns of its conversation.

        BadInput when it brings a history too, or when the owner goes on with somebody else's.
        """
        if query.history:
            raise BadInput(
                f"the question names the conversation {query.conversation!r} and brings a history; send one of them"
            )
        if query.conversation == NEW:
            return query
        found = self.get(query.conversation, query.access)
        if found.access != str(query.access):
            raise BadInput(
                f"the conversation {found.id!r} belongs to {found.access or 'whoever asks without a name'!r}: "
                "what you may see would be said to them; go on with it in their name"
            )
        return replace(query, history=found.messages(MOST_HISTORY))

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
        shown = {one.passage.document_id for one in answer.hits}
        shown |= {one.document_id for one in answer.citations}
        name = None if query.conversation == NEW else query.conversation
        id = self.talk.add(name, row, shown, query.access)
        return replace(answer, conversation=id)
