"""Commands that ask: search, why, ask, eval."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.collections import CollectionOption
from citewell.cli.session import REFUSED, Session, command
from citewell.cli.spending import print_quote
from citewell.errors import BadInput
from citewell.model import Answer, Delta, Done, HitsFound, Message, Query
from citewell.plugins import TABLES
from citewell.prompted import Style
from citewell.settings import Config

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


def query_of(
    text: str,
    config: Config,
    where: str | None,
    history: tuple[Message, ...] = (),
    conversation: str = "",
) -> Query:
    """Return the query that a command's words and the configuration make."""
    from citewell import filters

    if not text.strip():
        raise BadInput(f"the question is {text!r}; ask something")
    tree = filters.parse(where) if where else None
    return Query(text, config.search.limit, config.search.mode, tree, history, conversation=conversation)


@command(app)
def search(
    session: Session,
    question: Text,
    mode: ModeOption = None,
    limit: LimitOption = None,
    where: WhereOption = None,
    collection: CollectionOption = "",
    why: Annotated[bool, typer.Option("--why", help="Say what each step of retrieval did.")] = False,
) -> None:
    """Find the passages that match a question, best first."""
    loaded = session.load({"search.mode": mode, "search.limit": limit})
    query = replace(query_of(question, loaded.config, where), access=session.access, collection=collection)
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
    collection: CollectionOption = "",
) -> None:
    """Say why passages come up; of a DOCUMENT, what lost it and what was tried that brings it back."""
    loaded = session.load({"search.mode": mode, "search.limit": limit})
    query = replace(query_of(question, loaded.config, where), access=session.access, collection=collection)
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
    collection: CollectionOption = "",
    length: Annotated[str | None, typer.Option(help="short, normal or long.")] = None,
    format: Annotated[str | None, typer.Option(help="prose, bullets or steps.")] = None,
    language: Annotated[str | None, typer.Option(help="The answer's language; as the question's.")] = None,
    reasoning: Annotated[bool | None, typer.Option(help="Let the model think first.")] = None,
    technique: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"How it is found; may be repeated, the first innermost: {', '.join(TABLES['techniques'])}; or none.",
        ),
    ] = None,
    policy: PolicyOption = None,
    quote: Annotated[bool, typer.Option("--quote", help="Say what it would cost; ask no model.")] = False,
) -> None:
    """Answer a question with checked footnotes. Exit code 10 when the documents do not answer.

    How it is written (--length …) is asked of a chat model; extract, which quotes, takes no prompt.
    """
    loaded = session.load({"search.mode": mode, "chat.policy": policy})
    techniques = None if technique is None else tuple(one for one in technique if one != "none")
    style = Style(length or "", format or "", language or "", reasoning)  # type: ignore[arg-type]
    query = replace(query_of(question, loaded.config, where), style=style, techniques=techniques)
    query = replace(
        query,
        policy=loaded.config.chat.policy if policy else None,
        access=session.access,
        collection=collection,
    )
    with session.open(loaded) as library:
        if quote:
            found = library.quote(query)
            output.print_json(found) if session.json else print_quote(found)
            return
        if session.json:
            answer = library.ask(query)
            output.print_json(answer)
        else:
            answer = shown(library, query)
    if answer.verdict == "refused":
        raise typer.Exit(REFUSED)


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
        yield lambda text: live.update(Plain(output.plain(text)))


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
