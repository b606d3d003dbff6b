"""Commands and questions about money: `citewell cost`, quotes, and asking before something is spent."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.session import Session, command
from citewell.errors import BadInput
from citewell.money import Quote, Spent, shown

if TYPE_CHECKING:
    from citewell.cli.session import Opened
    from citewell.protocols import Source

app = typer.Typer()


@command(app)
def cost(
    session: Session,
    by: Annotated[str, typer.Option(help="day, model, kind, request, key or status.")] = "day",
    since: Annotated[str, typer.Option(help="From this day on: 2026-11-23 (UTC).")] = "",
) -> None:
    """Show what was spent on hosted models: calls, tokens and US dollars. Prices are those of the day of the call."""
    from citewell.cost.costs import total

    with session.open(session.load()) as library:
        spent = library.cost(by, since)  # type: ignore[arg-type]
    if session.json:
        output.print_json({"by": by, "spent": spent, "total": total(spent)})
        return
    columns = (by, "calls", "read", "written", "cost", "price unknown", "estimated")
    lines = [*spent, total(spent)] if len(spent) != 1 and sys.stdout.isatty() else spent
    output.print_table(columns, [_row(one) for one in lines])


def _row(one: Spent) -> tuple[object, ...]:
    tokens = (one.prompt_tokens, one.completion_tokens)
    return (one.name or "-", one.calls, *tokens, shown(one.cost), one.unknown, one.estimated)


def print_quote(quote: Quote, to: Any = None) -> None:
    """Print what a job would take."""
    stream = to or sys.stdout
    if not quote.calls:
        print("costs nothing: no hosted model is asked", file=stream)
    else:
        written = f", {quote.completion_tokens:,} written (at most {quote.completion_most:,})"
        tokens = f"about {quote.prompt_tokens:,} tokens read (at most {quote.prompt_most:,})"
        calls = f"{quote.calls:,} {'calls' if quote.completion_most else 'texts'}"
        said = f"{calls}, {tokens}{written if quote.completion_most else ''}"
        print(f"{', '.join(quote.models)}: {said}", file=stream)
        print(f"expected {shown(quote.cost)}, at most {shown(quote.most)}", file=stream)
    for note in quote.notes:
        print(f"({note})", file=stream)


def confirm(session: Session, library: Opened, sources: Sequence[Source], yes: bool) -> None:
    """Quote what taking in these sources would take of models, and go on only when that was agreed to.

    Agreed: `--yes`, an answer on a terminal, or `cost.ask_above` covers the most that it can cost. Elsewhere BadInput,
    and nothing is spent. What is free is said, and not asked about; so is what a service on this machine takes whose
    price is not known.
    """
    status = library.status(session.access)
    if status["cost"]["embedding"] == "free" and not status["writing"]:
        return
    found = sum((library.quote(one, session.access) for one in sources), Quote())
    if not found.calls:
        return
    print_quote(found, sys.stderr)
    allowed = Decimal(str(session.load().config.cost.ask_above))
    here = found.cost is None and found.local
    if yes or found.free or here or (found.most is not None and found.most <= allowed):
        return
    if session.json or not sys.stdin.isatty():
        raise BadInput(
            f"this would cost about {shown(found.cost)}, at most {shown(found.most)}, and nobody can be asked here; "
            "say --yes, or raise cost.ask_above"
        )
    if not typer.confirm("go on?", err=True):
        raise BadInput("nothing was taken in, and nothing spent; --yes goes on without asking")
