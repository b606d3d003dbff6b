"""The command that shows collections, and the option that names one."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from citewell.cli import output
from citewell.cli.session import Session, command
from citewell.collection import Collection
from citewell.errors import NotFound

app = typer.Typer()

OF_COLLECTION: Final = 'The collection to look in; the usual one, or all; "*" is all.'
CollectionOption = Annotated[str, typer.Option("--collection", metavar="NAME", help=OF_COLLECTION)]


@command(app)
def collections(
    session: Session,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show its fields too.")] = None,
) -> None:
    """List collections: documents and passages; of one, the fields that its documents have, with their types."""
    with session.open(session.load()) as library:
        found = library.collections(session.access)
    chosen = [one for one in found if name in (None, one.name)]
    if name is not None and not chosen:
        raise NotFound(f"no collection {name!r}; `citewell collections` shows what there is")
    if session.json:
        output.print_json({"collections": chosen})
        return
    output.print_table(("name", "documents", "passages"), [_row(one) for one in chosen])
    if name is not None:
        rows = [(one.name, one.kind, ", ".join(one.values)) for one in chosen[0].fields]
        output.print_table(("field", "type", "values"), rows)


def _row(one: Collection) -> tuple[object, ...]:
    return one.name, one.documents, one.passages
