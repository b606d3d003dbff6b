"""What requests may say: JSON bodies with their bounds, a document's id, and its metadata header."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Scope

from citewell import filters
from citewell.access import MOST_NAMES, Access
from citewell.errors import BadInput
from citewell.filters import Filter
from citewell.model import Fields, Message, Mode, Policy, Query
from citewell.prompted import Format, Length, Style
from citewell.server.problems import WrongWhere
from citewell.settings import SearchConfig

MOST_TEXT = 10_000
MOST_ID = 1_000
MOST_FIELDS = 200

Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
Where = Annotated[
    str | None,
    Field(
        max_length=MOST_TEXT,
        description="A filter on metadata, as in SQL's WHERE. A mistake in it answers with its position.",
        examples=["product = 'router' AND year >= 2023"],
    ),
]
Limit = Annotated[
    int | None, Field(ge=1, le=1000, description="The most hits to return; search.limit if it is not given.")
]
CollectionOf = Annotated[
    str,
    Field(
        max_length=100,
        description="The collection that is asked; nothing: the library's usual one (all, unless it is set); `*`: all.",
    ),
]
ModeOf = Annotated[Mode | None, Field(description="How passages are found; search.mode if it is not given.")]


class Turn(BaseModel):
    """One turn of a conversation, oldest first."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["user", "assistant"]
    content: Text


class SearchBody(BaseModel):
    """A search."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "how do I cache a view?", "limit": 5}]}
    )
    text: Text
    limit: Limit = None
    mode: ModeOf = None
    where: Where = None
    collection: CollectionOf = ""

    def query(self, usual: SearchConfig) -> Query:
        """Return it as a Query. BadInput for a filter that cannot be parsed."""
        return _query(self, self.text, usual)


class WhyBody(SearchBody):
    """A search, and perhaps the document that it is about."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "how do I cache a view?", "document": "guide/cache.md"}]},
    )
    document: Annotated[
        str | None,
        Field(max_length=MOST_ID, description="Its id, or the end of an id or source that only it has."),
    ] = None


DocumentId = Annotated[str, Field(min_length=1, max_length=MOST_ID, description="A document's id.")]


class ReleaseBody(BaseModel):
    """What a person has looked at and lets go: a document, or one passage of it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"document": "guide/cache.md"}]}
    )
    document: DocumentId
    passage: Annotated[
        str | None, Field(max_length=64, description="A passage's id; nothing: all of them.")
    ] = None


class ShareBody(BaseModel):
    """Who may see a document."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"document": "plans/2027.md", "readers": ["group:board", "user:ann"]}]
        },
    )
    document: DocumentId
    readers: Annotated[
        list[str] | None,
        Field(max_length=MOST_NAMES, description="Names; an empty list: nobody; null: everybody."),
    ]


class StyleBody(BaseModel):
    """How an answer is to be written; what is not given is as the prompt says."""

    model_config = ConfigDict(extra="forbid")
    length: Annotated[Length, Field(description="short, normal or long.")] = ""
    format: Annotated[Format, Field(description="prose, bullets or steps.")] = ""
    language: Annotated[
        str, Field(max_length=40, description="`question` (the question's own) or a language's name.")
    ] = ""
    reasoning: Annotated[
        bool | None, Field(description="Let the model think first, apart from the answer.")
    ] = None


class AskBody(BaseModel):
    """A question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "How long does a cached view live?", "mode": "hybrid"}]},
    )
    question: Text
    limit: Limit = None
    mode: ModeOf = None
    where: Where = None
    collection: CollectionOf = ""
    policy: Annotated[
        Policy | None,
        Field(
            description="What becomes of sentences without support: strict leaves them out, mark lists them in "
            "`unsupported`, off does not look for them; chat.policy if it is not given."
        ),
    ] = None
    history: list[Turn] = Field(default=[], max_length=100, description="Earlier turns, oldest first.")
    conversation: Annotated[
        str,
        Field(
            max_length=64,
            description="Keep the answer: `new`, or the id of a kept conversation to go on with (then without "
            "`history`). Nothing: it is not kept.",
        ),
    ] = ""
    style: StyleBody = StyleBody()
    techniques: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Field(
            max_length=8, description="How the answer is found, the first innermost; nothing: as configured."
        ),
    ] = None

    def query(self, usual: SearchConfig) -> Query:
        """Return it as a Query. BadInput for a filter that cannot be parsed."""
        history = tuple(Message(turn.role, turn.content) for turn in self.history)
        techniques = None if self.techniques is None else tuple(self.techniques)
        query = _query(self, self.question, usual)
        return replace(
            query,
            history=history,
            style=Style(**dict(self.style)),
            techniques=techniques,
            conversation=self.conversation.strip(),
            policy=self.policy,
        )


def _query(body: SearchBody | AskBody, text: str, usual: SearchConfig) -> Query:
    if not text.strip():
        raise BadInput(f"the question is empty ({text!r}); ask something")
    query = Query(text, body.limit or usual.limit, body.mode or usual.mode, parsed(body.where))
    return replace(query, collection=body.collection)


def parsed(where: str | None) -> Filter | None:
    """Read a filter; nothing, or only space, is none. WrongWhere for one that cannot be read."""
    if not where or not where.strip():
        return None
    try:
        return filters.parse(where)
    except BadInput as error:
        raise WrongWhere(error) from error


def asker(
    request: Request,
    citewell_as: Annotated[
        str,
        Header(
            description="Who asks: names with commas between, as in `user:ann, group:sales`; `*` is the owner, who "
            "sees everything. Without it, nothing is seen or changed but what is for everybody. Whoever holds the "
            "server's key may claim any name: the server belongs behind your backend, which says it for each user."
        ),
    ] = "",
) -> Access:
    """Return who asks. BadInput for a name that is none, and for the header more than once."""
    if len(request.headers.getlist("citewell-as")) > 1:
        raise BadInput("the Citewell-As header is there more than once; put all names into one")
    try:
        return Access.parse(citewell_as.encode("latin-1").decode("utf-8"))  # servers read bytes as Latin-1
    except UnicodeDecodeError:
        raise BadInput(
            f"the Citewell-As header {citewell_as[:80]!r} is not UTF-8; send it as UTF-8"
        ) from None


Asker = Annotated[Access, Depends(asker)]


def document_id(scope: Scope, found: str) -> str:
    """Return the id in a path. BadInput if it is empty, too long, not UTF-8 or has control characters."""
    try:
        unquote_to_bytes(scope.get("raw_path", b"").split(b"?")[0]).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"the document id {found!r} is not UTF-8; percent-encode it as UTF-8") from None
    if not found.strip() or len(found) > MOST_ID or any(ord(c) < 32 or ord(c) == 127 for c in found):
        raise BadInput(f"the document id {found[:80]!r} must have 1 to {MOST_ID} printable characters")
    return found


def fields_of(header: str | None) -> Fields:
    """Read the Citewell-Fields header: a JSON object of text, numbers, booleans, null, lists of text."""
    if not header:
        return {}
    try:
        # A header travels as bytes that servers read as Latin-1; UTF-8 is what a client means.
        found = json.loads(header.encode("latin-1").decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the Citewell-Fields header is not JSON ({error}); send an object") from None
    if not isinstance(found, dict) or len(found) > MOST_FIELDS:
        raise BadInput(f"the Citewell-Fields header must be a JSON object of at most {MOST_FIELDS} members")
    return {name: _value(name, value) for name, value in found.items()}


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise BadInput(
        f"the field {name!r} is {str(value)[:60]!r}; use text, a number, a boolean or a list of text"
    )


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
