"""Commands that see the library as tables: schema, sql. They read the catalog, beside whoever holds the library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli import output
from citewell.cli.session import Session, command

if TYPE_CHECKING:
    from citewell.settings import Config

app = typer.Typer()


@command(app)
def schema(
    session: Session,
    where: Annotated[
        str | None, typer.Option(help="Only of documents that satisfy this: \"collection = 'guides'\".")
    ] = None,
) -> None:
    """Show the metadata fields: types, declared (catalog.fields) or inferred, and how many documents have them."""
    from citewell.catalog.sql import declared, schema_of
    from citewell.opening import place

    session.local("schema")
    session.owner("schema")
    config = session.load().config
    fields = schema_of(place(config), declared(config.catalog.fields), where)
    if session.json:
        output.print_json({"fields": fields})
        return
    rows = [
        (
            one.name,
            one.kind,
            one.documents,
            one.misfits,
            "declared" if one.declared else "inferred",
            one.column or "-",
        )
        for one in fields
    ]
    output.print_table(("field", "type", "documents", "of another type", "from", "column"), rows)


@command(app)
def sql(
    session: Session,
    query: Annotated[
        str, typer.Argument(help="One SELECT over the views documents and passages; - reads stdin.")
    ],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most rows.")] = 1000,
    timeout: Annotated[float, typer.Option(min=0.1, max=600, help="Most seconds.")] = 10.0,
) -> None:
    """Ask in SQL, read-only: select product, count(*) from documents group by 1."""
    from citewell.catalog.sql import Bounds, declared, run
    from citewell.opening import place

    session.local("sql")
    session.owner("sql")
    config = session.load().config
    asked = sys.stdin.read() if query == "-" else query
    bounds = Bounds(limit, timeout, _tables(config))
    found = run(place(config), asked, declared(config.catalog.fields), bounds)
    if session.json:
        output.print_json({"columns": found.columns, "rows": found.rows, "more": found.more})
        return
    output.print_table(found.columns, [["" if cell is None else cell for cell in row] for row in found.rows])
    if found.more:
        print(f"there are more than {limit} rows; --limit shows more", file=sys.stderr)


def _tables(config: Config) -> tuple[str, ...]:
    return tuple(one.strip() for one in config.catalog.tables.split(",") if one.strip())
