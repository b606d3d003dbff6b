"""Remote: a library behind a server, with the methods of `Library`. One request per call.

Errors of the server come back as the same classes with the same messages; a server that cannot be
reached is a ProviderError.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit

import httpx

from citewell import wire
from citewell.access import ANYBODY, OWNER, Access
from citewell.collection import EVERY, Collection
from citewell.conversation import Conversation
from citewell.errors import BadInput, CitewellError, NotFound, ProviderError
from citewell.incoming import Added, Blob, Failure, Item
from citewell.model import JSON, Answer, Document, Done, Entry, Event, Hit, Passage, Query
from citewell.money import By, Quote, Spent
from citewell.outgoing import asker_of, blob_of, events_of, path_of, question_of, where_of
from citewell.protocols import Source
from citewell.why import Why

AT_ONCE: Final = 2
"""Documents sent at a time: one is read while another is embedded."""
SECONDS: Final = httpx.Timeout(30.0, read=600.0)
PAGE: Final = 1000
Method: TypeAlias = Literal["GET", "PUT", "POST", "DELETE"]


class Remote:
    """The library of a server at `url`; `key` is sent as a bearer token. Safe to share between threads.

    `access` is who asks, as in `Library`; the server believes whoever has its key.
    """

    def __init__(
        self, url: str, key: str | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"the server {url!r} is not an http address; give one like http://127.0.0.1:8000")
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A server on this machine must not be looked for through a proxy.
        self._environment = not _is_here(parts.hostname)
        self._http = httpx.Client(
            headers=self._headers, timeout=SECONDS, transport=transport, trust_env=self._environment
        )

    # -- documents ----------------------------------------------------------------------------------

    def add(self, document: Document, access: Access = ANYBODY) -> Added:
        """Add or update one document from its text; the server finds its structure again."""
        return self._put(blob_of(document), access)

    def ingest(
        self,
        blobs: Iterable[Blob],
        report: Callable[[Added | Failure], None],
        total: int = 0,
        access: Access = ANYBODY,
    ) -> None:
        """Send many; each outcome goes to `report`. What the server cannot read is a Failure."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as pool:
            waiting: list[Future[Added | Failure]] = []
            for blob in blobs:
                waiting.append(pool.submit(self._outcome, blob, access))
                if len(waiting) > AT_ONCE:
                    report(waiting.pop(0).result())
            for one in waiting:
                report(one.result())

    def remove(self, document_id: str, access: Access = ANYBODY) -> None:
        """Remove a document. NotFound if there is none."""
        self._request("DELETE", path_of(document_id), access)

    def share(self, document_id: str, readers: Iterable[str] | None, access: Access = ANYBODY) -> None:
        """Set who may see a document: names; none of them: nobody; None: everybody. NotFound if there is none."""
        body = {"document": document_id, "readers": None if readers is None else [*readers]}
        self._request("POST", "/share", access, json=body)

    def get(self, document_id: str, access: Access = ANYBODY) -> tuple[Entry, Document]:
        """Return a document as it is now. NotFound if there is none."""
        return wire.load_document(self._request("GET", path_of(document_id), access))

    def suspicious(self, document_id: str, access: Access = ANYBODY) -> builtins.list[Passage]:
        """Return a document's passages in which something is suspicious."""
        found = self._request("GET", "/suspicious", access, params={"document": document_id})
        return [wire.load_passage(one) for one in found["passages"]]

    def release(self, document_id: str, passage_id: str | None = None, access: Access = ANYBODY) -> int:
        """Let a document's suspicious passages go, or the one named. Returns how many."""
        body = {"document": document_id, "passage": passage_id}
        return int(self._request("POST", "/release", access, json=body)["released"])

    def list(
        self,
        where: str | None = None,
        limit: int = 100,
        after: str = "",
        access: Access = ANYBODY,
        collection: str = "",
    ) -> list[Entry]:
        """Return up to `limit` (at most 1000) entries in order of id, from the first greater than `after`."""
        params = {"limit": limit, "after": after, "collection": collection}
        params |= {"where": where} if where else {}
        found = self._request("GET", "/documents", access, params=params)
        return [wire.load_entry(one) for one in found["documents"]]

    def collections(self, access: Access = ANYBODY) -> builtins.list[Collection]:
        """Return the collections, in order of name: what is in each, and which fields its documents have."""
        found = self._request("GET", "/collections", access)["collections"]
        return [wire.load_collection(one) for one in found]

    def sync(
        self,
        source: Source,
        report: Callable[[Added | Failure | str], None],
        prune: bool = True,
        access: Access = ANYBODY,
    ) -> None:
        """Send everything a source lists (the server skips what it has); remove what it no longer lists.

        What is removed: documents that came from inside the source (their `source` starts with its
        name) and that it does not list any more.
        """
        items = {item.id: item for item in source.items()}
        self.ingest(_fetched(source, items, report), report, access=access)
        if not prune:
            return
        inside = f"{source.name.removeprefix('folder:').rstrip('/')}/"
        for entry in list_all(self, access=access):
            listed = entry.id in items or entry.id.rpartition("#")[0] in items
            if entry.source.startswith(inside) and not listed:
                self.remove(entry.id, access)
                report(entry.id)

    # -- questions ----------------------------------------------------------------------------------

    def search(self, query: Query) -> builtins.list[Hit]:
        """Return the passages that match best, best first."""
        body = {"text": query.text, "limit": query.limit, "mode": query.mode, **where_of(query)}
        return list(wire.load_hits(self._request("POST", "/search", query.access, json=body)["hits"]))

    def why(self, query: Query, document_id: str | None = None) -> Why:
        """Say how each hit came up; of a document, the stage that lost it and what brings it back."""
        body = {"text": query.text, "limit": query.limit, "mode": query.mode, **where_of(query)}
        body |= {"document": document_id}
        return wire.load_why(self._request("POST", "/why", query.access, json=body))

    def ask(self, query: Query) -> Answer:
        """Answer a question with checked citations, or refuse."""
        return wire.load_answer(self._request("POST", "/ask", query.access, json=question_of(query)))

    def quote(self, work: Query | Iterable[Blob] | Source, access: Access = ANYBODY) -> Quote:
        """Say what an answer, or taking in blobs or all that a source lists, would cost. Blobs are sent to be read."""
        if isinstance(work, Query):
            return wire.load_quote(self._request("POST", "/quote", work.access, json=question_of(work)))
        if not isinstance(work, Iterable):
            work = _fetched(work, {item.id: item for item in work.items()}, lambda failure: None)
        return sum((self._quoted(blob, access) for blob in work), Quote())

    def cost(self, by: By = "day", since: str = "") -> builtins.list[Spent]:
        """Return what was spent by day, model, kind, request, key or status, since a day."""
        found = self._request(
            "GET", "/cost", OWNER, params={"by": by, "since": since} if since else {"by": by}
        )
        return [wire.load_spent(one) for one in found["spent"]]

    async def stream(self, query: Query) -> AsyncIterator[Event]:
        """Answer a question, as it happens: HitsFound, Deltas, Citations, Done. Closing it stops the work."""
        named = {**self._headers, **asker_of(query.access), "Accept": "text/event-stream"}
        headers = httpx.Headers(named, encoding="utf-8")
        with _reached(self.url):
            async with (
                httpx.AsyncClient(timeout=SECONDS, trust_env=self._environment) as http,
                http.stream("POST", f"{self.url}/ask", json=question_of(query), headers=headers) as response,
            ):
                if response.status_code >= 400:
                    raise _error(response.status_code, await response.aread())
                async for name, data in events_of(response.aiter_lines()):
                    event = wire.load_event(name, data)
                    yield event
                    if isinstance(event, Done):
                        return
        raise ProviderError(f"the server {self.url!r} ended the answer early; ask again", retryable=True)

    @property
    def conversations(self) -> RemoteConversations:
        """The kept conversations, as `Library.conversations`."""
        return RemoteConversations(self._request)

    # -- the library itself ---------------------------------------------------------------------------

    def status(self, access: Access = ANYBODY) -> JSON:
        """Return counts, models and what is going on."""
        return {**self._request("GET", "/status", access), "server": self.url}

    def check(self, access: Access = OWNER) -> builtins.list[str]:
        """Return the drift between the server's catalog and index; [] when there is none. The owner may."""
        return [str(line) for line in self._request("POST", "/check", access)["drift"]]

    def close(self) -> None:
        """Close the connections. The server goes on."""
        self._http.close()

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside ---------------------------------------------------------------------------------------

    def _outcome(self, blob: Blob, access: Access) -> Added | Failure:
        try:
            return self._put(blob, access)
        except BadInput as error:
            return Failure(blob.name, str(error).removeprefix(f"{blob.name}: "))
        except NotFound as error:
            return Failure(blob.name, str(error), taken=True)

    def _quoted(self, blob: Blob, access: Access) -> Quote:
        """Quote a blob; one that cannot be read costs nothing."""
        try:
            return wire.load_quote(self._send("POST", f"/quote{path_of(blob.name)}", blob, access))
        except BadInput:
            return Quote()

    def _put(self, blob: Blob, access: Access) -> Added:
        return wire.load_added(self._send("PUT", path_of(blob.name), blob, access))

    def _send(self, method: Method, path: str, blob: Blob, access: Access) -> Any:
        headers = {"Content-Type": blob.media_type or "application/octet-stream"}
        if blob.fields:
            headers["Citewell-Fields"] = json.dumps(wire.dump(blob.fields))
        if blob.source:
            headers["Citewell-Source"] = quote(blob.source)
        return self._request(method, path, access, content=blob.data, headers=headers)

    def _request(self, method: Method, path: str, access: Access, **what: Any) -> Any:
        headers = httpx.Headers({**what.pop("headers", {}), **asker_of(access)}, encoding="utf-8")
        with _reached(self.url):
            response = self._http.request(method, f"{self.url}{path}", headers=headers, **what)
        if response.status_code >= 400:
            raise _error(response.status_code, response.content)
        try:
            return response.json() if response.content else None
        except ValueError:
            raise ProviderError(f"the server {self.url!r} did not answer in JSON; is it Citewell?") from None


class RemoteConversations:
    """The kept conversations of a server, with the methods of `Conversations` that a reader needs."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request

    def list(
        self, limit: int = 100, before: str = "", access: Access = ANYBODY
    ) -> builtins.list[Conversation]:
        """Return up to `limit` (at most 1000), without their turns, the latest first."""
        params = {"limit": limit, "before": before}
        found = self._request("GET", "/conversations", access, params=params)["conversations"]
        return [wire.load_conversation(one) for one in found]

    def get(self, id: str, access: Access = ANYBODY) -> Conversation:
        """Return one with its turns. NotFound if there is none."""
        return wire.load_conversation(self._request("GET", f"/conversations/{quote(id, safe='')}", access))

    def delete(self, id: str, access: Access = ANYBODY) -> None:
        """Delete one, for good. NotFound if there is none."""
        self._request("DELETE", f"/conversations/{quote(id, safe='')}", access)


def list_all(library: Any, where: str | None = None, access: Access = ANYBODY) -> Iterator[Entry]:
    """Yield every entry of a library that an asker may see, page by page."""
    after, page = "", [None]
    while page:
        page = library.list(where, PAGE, after, access, EVERY)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].id


def _fetched(source: Source, items: Mapping[str, Item], report: Callable[[Failure], None]) -> Iterator[Blob]:
    for item in items.values():
        try:
            yield source.fetch(item)
        except BadInput as error:
            report(Failure(item.id, str(error).removeprefix(f"{item.id}: ")))


@contextmanager
def _reached(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ProviderError(
            f"the server {url!r} cannot be reached ({said}); is `citewell serve` running there?",
            retryable=True,
        ) from error


def _error(status: int, body: bytes) -> CitewellError:
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": f"the server answered {status}; is it Citewell?"}
    if status in (401, 403):
        return BadInput(f"the server refused: {problem.get('detail')} (the key is read from server.key_env)")
    if problem.get("code") == "TooLarge":
        return BadInput(str(problem.get("detail")))
    return wire.load_error(problem)


def _is_here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
