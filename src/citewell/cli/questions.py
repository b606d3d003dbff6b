"""Commands that ask: search, ask, chat, eval."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.session import REFUSED, Session, command
from citewell.config import Config
from citewell.errors import BadInput
from citewell.model import Answer, Delta, Done, HitsFound, Message, Query

if TYPE_CHECKING:
    from citewell.cli.session import Opened

app = typer.Typer()

Text = Annotated[str, typer.Argument(metavar="QUESTION")]
ModeOption = Annotated[str | None, typer.Option(help="hybrid, dense, keyword (BM25) or tfidf.")]
WhereOption = Annotated[str | None, typer.Option(help="Filter on metadata, as in SQL.")]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        help="Sentences without support: strict leaves them out, mark lists them, off does not look."
    ),
]
LimitOption = Annotated[int | None, typer.Option(help="Most hits.")]


def query_of(text: str, config: Config, where: str | None, history: tuple[Message, ...] = ()) -> Query:
    """Return the query that a command's words and the configuration make."""
    from citewell import filters

    if not text.strip():
        raise BadInput(f"the question is {text!r}; ask something")
    tree = filters.parse(where) if where else None
    return Query(text, config.search.limit, config.search.mode, tree, history)


@command(app)
def search(
    session: Session,
    question: Text,
    mode: ModeOption = None,
    limit: LimitOption = None,
    where: WhereOption = None,
    why: Annotated[bool, typer.Option("--why", help="Say what each step of retrieval did.")] = False,
) -> None:
    """Find the passages that match a question, best first."""
    loaded = session.load({"search.mode": mode, "search.limit": limit})
    query = query_of(question, loaded.config, where)
    with session.open(loaded) as library:
        hits = library.search(query)
    if session.json:
        output.print_json({"hits": hits})
    else:
        output.print_hits(hits, why)


@command(app)
def why(
    session: Session,
    question: Text,
    document: Annotated[
        str | None, typer.Argument(metavar="[DOCUMENT]", help="Its id, or the end of its path or address.")
    ] = None,
    mode: ModeOption = None,
    limit: LimitOption = None,
    where: WhereOption = None,
) -> None:
    """Say why passages come up; of a DOCUMENT, what lost it and what was tried that brings it back."""
    loaded = session.load({"search.mode": mode, "search.limit": limit})
    query = query_of(question, loaded.config, where)
    with session.open(loaded) as library:
        found = library.why(query, document)
    if session.json:
        output.print_json(found)
    else:
        output.print_why(found)


@command(app)
def ask(
    session: Session,
    question: Text,
    mode: ModeOption = None,
    where: WhereOption = None,
    policy: PolicyOption = None,
) -> None:
    """Answer a question with checked footnotes. Exit code 10 when the documents do not answer."""
    loaded = session.load({"search.mode": mode, "chat.policy": policy})
    query = replace(
        query_of(question, loaded.config, where), policy=loaded.config.chat.policy if policy else None
    )
    with session.open(loaded) as library:
        if session.json:
            answer = library.ask(query)
            output.print_json(answer)
        else:
            answer = shown(library, query)
    if answer.verdict == "refused":
        raise typer.Exit(REFUSED)


@command(app)
def chat(session: Session, mode: ModeOption = None, where: WhereOption = None) -> None:
    """Ask one question after another; each sees the ones before. Ctrl-D or /quit leaves."""
    loaded = session.load({"search.mode": mode})
    history: tuple[Message, ...] = ()
    answers: list[Answer] = []
    with session.open(loaded) as library:
        for text in typed():
            query = query_of(text, loaded.config, where, history)
            answer = library.ask(query) if session.json else shown(library, query)
            answers.append(answer)
            history += (Message("user", text), Message("assistant", answer.text))
    if session.json:
        asked = [message.content for message in history if message.role == "user"]
        turns = [{"question": text, "answer": answer} for text, answer in zip(asked, answers, strict=True)]
        output.print_json({"turns": turns})


@command(app, name="eval")
def eval_(
    session: Session,
    what: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER | grounding FILE…",
            help="A BEIR folder: corpus.jsonl, queries.jsonl, qrels/*.tsv. Or the word grounding and files (or a "
            "folder) of labelled claims: context, claim_or_answer, label.",
        ),
    ],
    mode: ModeOption = None,
    limit: Annotated[int, typer.Option(help="Hits that are judged for each question.")] = 100,
    compare: Annotated[str | None, typer.Option(metavar="MODE", help="Another mode to compare with.")] = None,
) -> None:
    """Measure retrieval on a judged collection: nDCG, recall, precision, MAP, MRR, hit rate, latency.

    The collection goes into a library of its own, which is kept beside the configured one and reused. With
    `grounding`, measure the checker of answers instead: balanced accuracy, AUROC and time for each set of claims.
    """
    from citewell.cli.measure import measure, measure_checker

    session.local("eval")
    if str(what[0]) == "grounding" and len(what) > 1:
        measure_checker(session, what[1:])
        return
    if len(what) > 1:
        raise BadInput(
            f"eval takes one folder, not {len(what)}; for claims, write: citewell eval grounding FILE…"
        )
    loaded = session.load({"search.mode": mode})
    measure(session, loaded.config, what[0], limit=limit, compare=compare)


def shown(library: Opened, query: Query) -> Answer:
    """Ask, show the answer as it is written (on a terminal), then the checked text and footnotes."""
    import asyncio

    with written() as write:
        answer = asyncio.run(streamed(library, query, write))
    output.print_answer(answer)
    return answer


async def streamed(library: Opened, query: Query, write: Any) -> Answer:
    """Drain a stream, handing the text so far to `write`; return the checked answer."""
    text = ""
    async with aclosing(library.stream(query)) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, HitsFound):
                write(f"reading {len(event.hits)} passages …")
            elif isinstance(event, Delta):
                text += event.text
                write(text)
            elif isinstance(event, Done):
                return event.answer
    raise AssertionError("a stream ends with Done")


@contextmanager
def written() -> Iterator[Any]:
    """Yield a function that shows text in place; the checked answer, renumbered, takes its place."""
    if not sys.stdout.isatty():
        yield lambda text: None
        return
    from rich.live import Live
    from rich.text import Text as Plain

    with Live(Plain(""), transient=True, refresh_per_second=12) as live:
        yield lambda text: live.update(Plain(text))


def typed() -> Iterator[str]:
    """Yield the questions typed, or read from stdin, until its end or /quit."""
    prompt = "> " if sys.stdin.isatty() else ""
    if prompt:
        import readline  # noqa: F401  (gives input() a history and line editing)
    while True:
        try:
            text = input(prompt).strip()
        except EOFError:
            return
        if text == "/quit":
            return
        if text:
            yield text
