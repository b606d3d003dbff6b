"""Three doors to one library: the same calls, each answered with what came out, as text and as what it says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import httpx
import typer.main
from typer.testing import CliRunner

from citewell import filters, wire
from citewell.access import Access
from citewell.errors import BadInput, CitewellError, NotFound
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.model import Query
from tests.leaks.world import Paper

LIMIT = 50


@dataclass(frozen=True)
class Came:
    """What came out of a door: all of it as text; whether nothing was there, or the call was wrong; what it says."""

    text: str
    said: Any = None
    absent: bool = False
    wrong: bool = False


@dataclass(frozen=True)
class Asked:
    """A question: `document` is what `why` is about."""

    text: str
    mode: str = "hybrid"
    collection: str = "*"
    where: str = ""
    conversation: str = ""
    document: str = ""


class Door(Protocol):
    """A way in. Every call says who asks."""

    name: str

    def search(self, who: Access, asked: Asked) -> Came: ...
    def ask(self, who: Access, asked: Asked) -> Came: ...
    def why(self, who: Access, asked: Asked) -> Came: ...
    def list(self, who: Access, asked: Asked) -> Came: ...
    def get(self, who: Access, id: str) -> Came: ...
    def status(self, who: Access) -> Came: ...
    def collections(self, who: Access) -> Came: ...
    def talks(self, who: Access) -> Came: ...
    def talk(self, who: Access, id: str) -> Came: ...
    def share(self, who: Access, id: str, readers: Sequence[str] | None) -> Came: ...
    def add(self, who: Access, paper: Paper) -> Came: ...
    def remove(self, who: Access, id: str) -> Came: ...


def fields_of(paper: Paper) -> dict[str, Any]:
    return {"collection": paper.collection} | (
        {} if paper.readers is None else {"readers": list(paper.readers)}
    )


@dataclass
class Python:
    """Library's own methods."""

    library: Library
    name: str = "python"

    def _called(self, call: Any) -> Came:
        try:
            found = call()
        except NotFound as error:
            return Came(str(error), absent=True)
        except BadInput as error:
            return Came(str(error), wrong=True)
        return Came(json.dumps(wire.dump(found), ensure_ascii=False), wire.dump(found))

    def _query(self, who: Access, asked: Asked) -> Query:
        where = filters.parse(asked.where) if asked.where else None
        query = Query(asked.text, LIMIT, asked.mode, where, conversation=asked.conversation)  # type: ignore[arg-type]
        return replace(query, access=who, collection=asked.collection)

    def search(self, who: Access, asked: Asked) -> Came:
        return self._called(lambda: self.library.search(self._query(who, asked)))

    def ask(self, who: Access, asked: Asked) -> Came:
        return self._called(lambda: self.library.ask(self._query(who, asked)))

    def why(self, who: Access, asked: Asked) -> Came:
        return self._called(lambda: self.library.why(self._query(who, asked), asked.document or None))

    def list(self, who: Access, asked: Asked) -> Came:
        return self._called(lambda: self.library.list(asked.where or None, 10_000, "", who, asked.collection))

    def get(self, who: Access, id: str) -> Came:
        return self._called(lambda: wire.dump_document(*self.library.get(id, who)))

    def status(self, who: Access) -> Came:
        return self._called(lambda: self.library.status(who))

    def collections(self, who: Access) -> Came:
        return self._called(lambda: self.library.collections(who))

    def talks(self, who: Access) -> Came:
        return self._called(lambda: self.library.conversations.list(1000, "", who))

    def talk(self, who: Access, id: str) -> Came:
        return self._called(lambda: self.library.conversations.get(id, who))

    def share(self, who: Access, id: str, readers: Sequence[str] | None) -> Came:
        return self._called(lambda: self.library.share(id, readers, who))

    def add(self, who: Access, paper: Paper) -> Came:
        outcomes: list[Added | Failure] = []
        blob = Blob(paper.id, paper.text.encode(), "text/markdown", fields=fields_of(paper))
        found = self._called(lambda: self.library.ingest([blob], outcomes.append, 0, who))
        if found.wrong or found.absent:
            return found
        (one,) = outcomes
        return Came(str(one), wire.dump(one), absent=isinstance(one, Failure) and one.taken)

    def remove(self, who: Access, id: str) -> Came:
        return self._called(lambda: self.library.remove(id, who))


@dataclass
class Rest:
    """Bare HTTP requests."""

    http: httpx.Client
    name: str = "rest"

    def _sent(self, method: str, path: str, who: Access, **more: Any) -> Came:
        headers = {"Citewell-As": str(who), **more.pop("headers", {})}
        answer = self.http.request(method, path, headers=headers, **more)
        said = answer.json() if answer.content else None
        assert answer.status_code < 500, answer.text
        code = answer.status_code
        return Came(answer.text + str(answer.headers), said, code == 404, code in (400, 422))

    def _body(self, asked: Asked, name: str) -> dict[str, Any]:
        body = {name: asked.text, "limit": LIMIT, "mode": asked.mode, "collection": asked.collection}
        return body | ({"where": asked.where} if asked.where else {})

    def search(self, who: Access, asked: Asked) -> Came:
        found = self._sent("POST", "/search", who, json=self._body(asked, "text"))
        return Came(found.text, (found.said or {}).get("hits"), found.absent, found.wrong)

    def ask(self, who: Access, asked: Asked) -> Came:
        body = self._body(asked, "question") | {"conversation": asked.conversation}
        return self._sent("POST", "/ask", who, json=body)

    def why(self, who: Access, asked: Asked) -> Came:
        body = self._body(asked, "text") | ({"document": asked.document} if asked.document else {})
        return self._sent("POST", "/why", who, json=body)

    def list(self, who: Access, asked: Asked) -> Came:
        found: list[Any] = []
        texts, after = [], ""
        while True:
            params = {"limit": 1000, "after": after, "collection": asked.collection}
            params |= {"where": asked.where} if asked.where else {}
            came = self._sent("GET", "/documents", who, params=params)
            texts.append(came.text)
            if came.wrong:
                return came
            found += came.said["documents"]
            after = came.said["next"]
            if after is None:
                return Came("\n".join(texts), found)

    def get(self, who: Access, id: str) -> Came:
        return self._sent("GET", f"/documents/{id}", who)

    def status(self, who: Access) -> Came:
        return self._sent("GET", "/status", who)

    def collections(self, who: Access) -> Came:
        found = self._sent("GET", "/collections", who)
        return Came(found.text, found.said["collections"])

    def talks(self, who: Access) -> Came:
        found = self._sent("GET", "/conversations", who, params={"limit": 1000})
        return Came(found.text, found.said["conversations"])

    def talk(self, who: Access, id: str) -> Came:
        return self._sent("GET", f"/conversations/{id}", who)

    def share(self, who: Access, id: str, readers: Sequence[str] | None) -> Came:
        body = {"document": id, "readers": None if readers is None else list(readers)}
        return self._sent("POST", "/share", who, json=body)

    def add(self, who: Access, paper: Paper) -> Came:
        headers = {"Citewell-Fields": json.dumps(fields_of(paper)), "Content-Type": "text/markdown"}
        return self._sent("PUT", f"/documents/{paper.id}", who, headers=headers, content=paper.text.encode())

    def remove(self, who: Access, id: str) -> Came:
        return self._sent("DELETE", f"/documents/{id}", who)


commands = cache(typer.main.get_command)


@dataclass
class Command:
    """The command line, in this process, over a server: `folder` holds the files that it adds."""

    url: str
    folder: Path
    name: str = "command line"

    def _run(self, who: Access, *words: str) -> Came:
        from citewell.cli import app

        arguments = [*words, "--as", str(who), "--server", self.url, "--json"]
        with patch("typer.testing._get_command", commands):  # or all commands are built anew for each
            done = CliRunner().invoke(app, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            if isinstance(done.exception, CitewellError):
                return Came(str(done.exception), None, done.exception.code == 3, done.exception.code == 2)
            raise done.exception
        said = json.loads(done.stdout) if done.stdout.strip() else None
        return Came(done.stdout + done.stderr, said, done.exit_code == 3, done.exit_code == 2)

    def _asked(self, asked: Asked, *names: str) -> list[str]:
        words = ["--mode", asked.mode, "--collection", asked.collection, *names]
        return words + (["--where", asked.where] if asked.where else [])

    def _part(self, came: Came, name: str) -> Came:
        return came if came.said is None else Came(came.text, came.said[name])

    def search(self, who: Access, asked: Asked) -> Came:
        words = self._asked(asked, "--limit", str(LIMIT))
        return self._part(self._run(who, "search", asked.text, *words), "hits")

    def ask(self, who: Access, asked: Asked) -> Came:
        return self._run(who, "ask", asked.text, *self._asked(asked))

    def why(self, who: Access, asked: Asked) -> Came:
        more = [asked.document] if asked.document else []
        return self._run(who, "why", asked.text, *more, *self._asked(asked, "--limit", str(LIMIT)))

    def list(self, who: Access, asked: Asked) -> Came:
        words = ["--collection", asked.collection, *(["--where", asked.where] if asked.where else [])]
        return self._part(self._run(who, "list", *words), "documents")

    def get(self, who: Access, id: str) -> Came:
        return self._run(who, "show", id)

    def status(self, who: Access) -> Came:
        return self._run(who, "status")

    def collections(self, who: Access) -> Came:
        return self._part(self._run(who, "collections"), "collections")

    def talks(self, who: Access) -> Came:
        return self._part(self._run(who, "chats", "list", "--limit", "1000"), "conversations")

    def talk(self, who: Access, id: str) -> Came:
        return self._run(who, "chats", "export", id)

    def share(self, who: Access, id: str, readers: Sequence[str] | None) -> Came:
        to = (
            ["--with-everyone"]
            if readers is None
            else ["--with", ",".join(readers)]
            if readers
            else ["--with-nobody"]
        )
        return self._run(who, "share", id, *to)

    def add(self, who: Access, paper: Paper) -> Came:
        path = self.folder / paper.id
        path.write_text(paper.text)
        readers = [] if paper.readers is None else ["--readers", ",".join(paper.readers) or "nobody"]
        came = self._run(who, "add", str(path), "--collection", paper.collection, *readers)
        failed = (came.said or {}).get("failed") or []
        return Came(came.text, came.said, absent=bool(failed))

    def remove(self, who: Access, id: str) -> Came:
        came = self._run(who, "remove", id)
        return Came(came.text, came.said, bool((came.said or {}).get("missing")))
