"""Commands about prompts: prompt list, show, diff, try."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.questions import ModeOption, WhereOption, query_of
from citewell.cli.session import REFUSED, Session, command
from citewell.errors import Unsupported
from citewell.model import HitsFound, Prompt, Query

if TYPE_CHECKING:
    from citewell.answer.template import Template
    from citewell.config import Loaded
    from citewell.library import Library

app = typer.Typer(
    help="The prompts that a chat model can be given: list, show, diff, try.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="PROMPT", help="Its name, or name@version.")]
NO_PROMPT = "extract takes no prompt (it quotes passages, and no model is asked)"


@command(app, name="list")
def list_(session: Session) -> None:
    """List the prompts, newest version first; each is compiled and tried. A * marks the one in force."""
    from citewell.answer.render import body_of

    session.local("prompt list")
    loaded = session.load()
    found = _templates(loaded)
    for one in found:
        body_of(one)
    active = _active(loaded, found)
    if session.json:
        output.print_json({"prompts": [_row(one, one is active) for one in found]})
        return
    output.print_table(
        ("", "prompt", "for", "hash", "from", "about"),
        (
            ("*" if one is active else "", one.id, one.use, one.used.hash, one.origin, one.description)
            for one in found
        ),
    )
    if active is None:
        print(f"note: none is in force: chat.model is extract, and {NO_PROMPT}", file=sys.stderr)


@command(app)
def show(
    session: Session,
    prompt: Annotated[
        str | None, typer.Argument(metavar="[PROMPT]", help="Its name, or name@version.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="Show what would be sent for this question.")] = None,
    mode: ModeOption = None,
    where: WhereOption = None,
) -> None:
    """Show a prompt file as it is; with --question, filled in with the passages that are found."""
    session.local("prompt show")
    loaded = session.load({"chat.prompt": prompt, "search.mode": mode})
    template = _named(loaded, loaded.config.chat.prompt)
    if question is None:
        if session.json:
            output.print_json({**_row(template), "text": template.text})
        else:
            print(template.text, end="")
        return
    query = replace(query_of(question, loaded.config, where), access=session.access)
    sent = _sent(loaded, template, query)
    if session.json:
        output.print_json({"prompt": template.used, "messages": sent.messages})
        return
    print(f"# {template.used}")
    for message in sent.messages:
        output.say(f"\n## {message.role}\n\n{message.content}")


@command(app)
def diff(session: Session, old: Name, new: Name) -> None:
    """Show what changed from one prompt to another, as a unified diff; nothing when nothing did."""
    from difflib import unified_diff

    session.local("prompt diff")
    loaded = session.load()
    one, other = _named(loaded, old), _named(loaded, new)
    lines = list(
        unified_diff(
            one.text.splitlines(),
            other.text.splitlines(),
            f"{one.used} {one.origin}",
            f"{other.used} {other.origin}",
            lineterm="",
        )
    )
    if session.json:
        output.print_json({"old": _row(one), "new": _row(other), "diff": lines})
        return
    for line in lines:
        print(line)


@command(app, name="try")
def try_(
    session: Session,
    prompt: Name,
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    mode: ModeOption = None,
    where: WhereOption = None,
) -> None:
    """Ask one question with a prompt, of the chat model that is configured. Exit code 10 when it is refused."""
    session.local("prompt try")
    loaded = session.load({"chat.prompt": prompt, "search.mode": mode})
    if loaded.config.chat.model == "extract":
        raise Unsupported(f"{NO_PROMPT}; set chat.model to local or openai to try {prompt!r}")
    with _opened(loaded) as library:
        query = replace(query_of(question, loaded.config, where), access=session.access)
        answer = library.ask(query)
    if session.json:
        output.print_json(answer)
    else:
        output.print_answer(answer)
        print(f"\nprompt {answer.prompt}, model {answer.model}")
    if answer.verdict == "refused":
        raise typer.Exit(REFUSED)


def _opened(loaded: Loaded) -> Library:
    """Open the library here: a server that holds it has a prompt of its own, and would ask its model."""
    from citewell.assemble import assemble

    return assemble(loaded.config)


def _sent(loaded: Loaded, template: Template, query: Query) -> Prompt:
    """Return what a chat model would be sent. No model is asked."""
    from citewell.chats import style_of
    from citewell.prompts import writer_of

    if loaded.config.chat.model == "extract":
        print(f"note: chat.model is extract, and {NO_PROMPT}; another would be sent this", file=sys.stderr)
    with _opened(loaded) as library:
        found = asyncio.run(_found(library, query))
    return writer_of(template, style_of(loaded.config.chat), _embed(loaded))(query, found.hits)


async def _found(library: Library, query: Query) -> HitsFound:
    """Return the passages that a model would be shown; the stream ends before any is asked."""
    async with aclosing(library.stream(query)) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, HitsFound):
                return event
    raise AssertionError("a stream begins with HitsFound")


def _embed(loaded: Loaded) -> Any:
    """Return what embeds examples and question; the model is loaded if there are any."""
    from functools import cache

    from citewell.assemble import embedder_of

    model = cache(lambda: embedder_of(loaded.config.embed))
    return lambda texts: model().embed(texts, kind="query")


def _templates(loaded: Loaded) -> list[Template]:
    from citewell.prompts import templates

    return templates(loaded.config.chat.prompts)


def _named(loaded: Loaded, name: str) -> Template:
    from citewell.prompts import chosen

    return chosen(_templates(loaded), name)


def _active(loaded: Loaded, found: list[Template]) -> Template | None:
    from citewell.prompts import chosen

    chat = loaded.config.chat
    return None if chat.model == "extract" else chosen(found, chat.prompt)


def _row(one: Template, active: bool | None = None) -> dict[str, Any]:
    row = {"name": one.used.name, "version": one.used.version, "hash": one.used.hash, "origin": one.origin}
    return (
        row
        | {"use": one.use, "description": one.description}
        | ({} if active is None else {"active": active})
    )
