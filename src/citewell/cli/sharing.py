"""The command that says who may see a document: share."""

from __future__ import annotations

from typing import Annotated

import typer

from citewell.access import NOBODY, readers_of
from citewell.cli import output
from citewell.cli.documents import document_ids
from citewell.cli.given import names_of
from citewell.cli.session import Session, command
from citewell.errors import BadInput

app = typer.Typer()


@command(app)
def share(
    session: Session,
    document_id: Annotated[str, typer.Argument(metavar="ID", autocompletion=document_ids)],
    names: Annotated[
        str | None,
        typer.Option("--with", metavar="NAMES", help='"group:sales,user:ann": they, and no others.'),
    ] = None,
    everyone: Annotated[bool, typer.Option("--with-everyone", help="Everybody may see it.")] = False,
    nobody: Annotated[bool, typer.Option("--with-nobody", help="Only the owner sees it.")] = False,
) -> None:
    """Set who may see a document; in force for the next request."""
    if (names is not None) + everyone + nobody != 1:
        raise BadInput(f"{document_id!r}: say one of --with NAMES, --with-everyone and --with-nobody")
    readers = None if everyone else () if names is None else readers_of(names_of(names))
    with session.open(session.load()) as library:
        library.share(document_id, readers, session.access)
    shown = "everybody" if everyone else ", ".join(readers or (NOBODY,))
    if session.json:
        output.print_json({"document": document_id, "readers": readers})
    else:
        output.say(f"{document_id} is for {shown}")
