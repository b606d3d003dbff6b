"""What a client sends, and how it reads events: questions, documents and paths as the REST API takes them. Pure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from citewell import wire
from citewell.access import Access
from citewell.incoming import Blob
from citewell.model import JSON, Document, Query


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    """Parse server-sent events: (name, data); comments are skipped."""
    name = "message"
    data: list[str] = []
    async for line in lines:
        if not line:
            if data:
                yield name, json.loads("\n".join(data))
            name, data = "message", []
            continue
        key, _, value = line.partition(":")
        if key == "event":
            name = value.strip()
        elif key == "data":
            data.append(value.removeprefix(" "))


def question_of(query: Query) -> JSON:
    """Return the body of POST /ask; who asks is a header of its own."""
    body = {"question": query.text, "limit": query.limit, "mode": query.mode, **where_of(query)}
    style = {name: value for name, value in wire.dump(query.style).items() if value not in ("", None)}
    body |= {"conversation": query.conversation} if query.conversation else {}
    body |= {"history": wire.dump(query.history)} | ({"style": style} if style else {})
    body |= {"policy": query.policy} if query.policy is not None else {}
    return body if query.techniques is None else body | {"techniques": list(query.techniques)}


def asker_of(access: Access) -> dict[str, str]:
    """Return the header that says who asks."""
    return {"Citewell-As": str(access)} if str(access) else {}


def where_of(query: Query) -> JSON:
    """Return a question's filter and collection as members of a body, where it has them."""
    found = {"where": wire.dump_where(query.where)} if query.where is not None else {}
    return found | ({"collection": query.collection} if query.collection else {})


def blob_of(document: Document) -> Blob:
    """Return a document as bytes that the server reads again."""
    fields = {**document.fields, **({"title": document.title} if document.title else {})}
    return Blob(document.id, document.text.encode(), document.media_type, document.source, fields)


def path_of(document_id: str) -> str:
    """Return a document's path."""
    # Dots are written out, or "../x" would be resolved on the way.
    parts = [
        part.replace(".", "%2E") if set(part) == {"."} else part for part in quote(document_id).split("/")
    ]
    return f"/documents/{'/'.join(parts)}"
