"""Conversations: chat, and what is kept of it: chats list, export, delete."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from citewell.access import Access
from citewell.cli import output
from citewell.cli.collections import CollectionOption
from citewell.cli.questions import ModeOption, WhereOption, query_of, shown, typed
from citewell.cli.session import Session, command
from citewell.conversation import NEW, Conversation, markdown
from citewell.errors import BadInput, NotFound
from citewell.model import Answer, Message

if TYPE_CHECKING:
    from citewell.cli.session import Opened

app = typer.Typer()
kept = typer.Typer(help="The conversations that `citewell chat` has kept.", no_args_is_help=True)

RECALLED: Final = 100
"""Turns of a conversation that is not kept, which a question comes with."""
Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, or last.")]


@command(app)
def chat(
    session: Session,
    mode: ModeOption = None,
    where: WhereOption = None,
    collection: CollectionOption = "",
    resume: Annotated[
        str | None, typer.Option(metavar="ID|last", help="Go on with a kept conversation.")
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Keep it in the library (`citewell chats`). The default in a library of your own; on a server "
            "named by --server nothing is kept unless you say so.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Ask one question after another; each sees the ones before. Ctrl-D or /quit leaves.

    Kept in your own library, until `citewell chats delete`; --no-keep keeps nothing.
    """
    if resume and keep is False:
        raise BadInput(f"--resume {resume!r} goes on with what is kept; leave out --no-keep")
    loaded = session.load({"search.mode": mode})
    history: tuple[Message, ...] = ()
    turns: list[tuple[str, Answer]] = []
    with session.open(loaded) as library:
        keep = session.server is None if keep is None else keep
        name = _begun(library, resume, keep, session.access)
        for text in typed():
            query = query_of(text, loaded.config, where, history[-RECALLED:], name)
            query = replace(query, access=session.access, collection=collection)
            answer = library.ask(query) if session.json else shown(library, query)
            turns.append((text, answer))
            if answer.conversation and name == NEW:
                print(f"(kept as {answer.conversation}; `citewell chats delete` forgets it)", file=sys.stderr)
            name = answer.conversation
            if not name:
                history += (Message("user", text), Message("assistant", answer.text))
    if session.json:
        said = [{"question": text, "answer": answer} for text, answer in turns]
        output.print_json({"conversation": "" if name == NEW else name, "turns": said})


def _begun(library: Opened, resume: str | None, keep: bool, access: Access) -> str:
    """Return what a question's `conversation` is at first."""
    if resume is None:
        return NEW if keep else ""
    found = library.conversations.get(_named(library, resume, access), access)
    print(f"(goes on with {output.shortened(found.title, 60)!r}, {found.length} turns)", file=sys.stderr)
    return found.id


@command(kept, name="list")
def list_(
    session: Session, limit: Annotated[int, typer.Option(help="Most conversations (to 1000).")] = 100
) -> None:
    """List kept conversations, the latest first: id, when, turns, first question."""
    with session.open(session.load()) as library:
        found = library.conversations.list(limit, "", session.access)
    if session.json:
        output.print_json({"conversations": found})
        return
    for one in found:
        print(f"{one.id}  {one.updated_at[:16]}  {one.length:>3}  {output.shortened(one.title, 70)}")
    if not found:
        print("no conversation is kept")


@command(kept)
def export(session: Session, id: Id) -> None:
    """Write a conversation to stdout, as Markdown; as JSON with --json."""
    with session.open(session.load()) as library:
        found: Conversation = library.conversations.get(_named(library, id, session.access), session.access)
    if session.json:
        output.print_json(found)
    else:
        print(markdown(found), end="")


@command(kept)
def delete(session: Session, ids: Annotated[list[str], typer.Argument(metavar="ID...")]) -> None:
    """Delete conversations, for good: their text is overwritten in the library's files."""
    with session.open(session.load()) as library:
        for id in ids:
            library.conversations.delete(id, session.access)
    if session.json:
        output.print_json({"deleted": ids})
    else:
        print(f"deleted {len(ids)}")


def _named(library: Opened, id: str, access: Access) -> str:
    if id != "last":
        return id
    latest = library.conversations.list(1, "", access)
    if not latest:
        raise NotFound("no conversation is kept yet; `citewell chat` begins one")
    return latest[0].id
