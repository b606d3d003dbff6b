"""Commands about documents: init, add, sync, remove, list, show, release."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.access import ANYBODY, READERS, Access, readers_of
from citewell.cli import output
from citewell.cli.bulk import On, Workers, connected, spread_of
from citewell.cli.collections import OF_COLLECTION
from citewell.cli.given import Given, blobs, is_url, names_of
from citewell.cli.progress import Listed, Tally, bar, waiting
from citewell.cli.session import SOME_FAILED, Session, command
from citewell.cli.spending import confirm
from citewell.collection import COLLECTION, collection_of
from citewell.config import FILE_NAME, Loaded, template, values_of
from citewell.errors import NotFound
from citewell.model import Entry, Fields, Value
from citewell.sources.given import With

if TYPE_CHECKING:
    from citewell.cli.session import Opened
    from citewell.sources.folder import Folder

app = typer.Typer()


def document_ids(incomplete: str) -> list[str]:
    """Complete a document's id from the catalog; nothing where there is none."""
    import os

    from citewell.catalog import Catalog
    from citewell.config import load
    from citewell.errors import CitewellError
    from citewell.opening import place

    try:
        at = place(load({}, os.environ).config)
        if isinstance(at, Path) and not at.exists():
            return []
        catalog = Catalog(at, create=False)
    except CitewellError:
        return []
    first = incomplete[:-1] + chr(max(ord(incomplete[-1]) - 1, 0)) if incomplete else ""
    found = [entry.id for entry in catalog.entries(None, 1000, first)]
    catalog.close()
    return [one for one in found if one.startswith(incomplete)][:50]


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Spend what it costs without asking.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Document ids.", autocompletion=document_ids)]


@command(app)
def init(session: Session) -> None:
    """Make a library here: writes citewell.toml, the library's folder, and fetches the model once."""
    session.local("init")
    file = (session.config or Path.cwd() / FILE_NAME).absolute()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(template({"library.path": str(session.library or ".citewell")}), encoding="utf-8")
        print(f"wrote {file}", file=sys.stderr)
    loaded = Session(config=file, library=session.library).load()
    made = make_library(loaded)
    if session.json:
        output.print_json({"file": file, "library": made, "settings": values_of(loaded.config)})
    else:
        print(f'the library is in {made}\nnext: citewell add PATH, then citewell ask "…"')


def make_library(loaded: Loaded) -> Path:
    """Get the embedding model, make the library's folder and return it."""
    from citewell.assemble import assemble

    prepare_model(loaded)
    assemble(loaded.config, create=True).close()
    return loaded.config.library.path


def prepare_model(loaded: Loaded) -> None:
    """Fetch and build the default embedding model, once per machine."""
    if loaded.config.embed.model != "minilm":
        return
    from citewell.providers import minilm

    if minilm.problem() is not None:
        with waiting("getting the embedding model, once per machine"):
            minilm.ready()


@command(app)
def add(
    session: Session,
    what: Annotated[list[str], typer.Argument(metavar="PATH|URL…", help="Files, folders or web addresses.")],
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Let addresses be on this machine or a private network.")
    ] = False,
    readers: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help='Who may see them: "group:sales,user:ann", or nobody; the list that is there, or everybody, if none.',
        ),
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Where they go; where they are, or the usual one, if it is not said."
        ),
    ] = None,
    yes: Yes = False,
    on: On = None,
    workers: Workers = 0,
) -> None:
    """Take in files, folders and web pages. What is unchanged costs nothing.

    What hosted models would charge is said, and asked about, before.
    Exit code 11 when some could not be taken in; the others were.
    """
    loaded = session.load()
    check_paths(what)
    folders = [one for one in what if not is_url(one) and Path(one).is_dir()]
    fields: dict[str, Value] = {} if readers is None else {READERS: readers_of(names_of(readers))}
    fields |= {} if collection is None else {COLLECTION: collection_of(collection)}
    given = Given(tuple(one for one in what if one not in folders), loaded.config.read, allow_private, fields)
    sources = [folder_of(Path(one), loaded) for one in folders]
    spread = spread_of(session, on, workers, loaded)
    with session.open(loaded, spread) as library:
        confirm(session, library, [*sources, given], yes)
        with connected(spread), bar("documents") as shown:
            tally = Tally(shown)
            for folder in sources:
                take_folder(library, folder, tally, prune=False, fields=fields, access=session.access)
            tally.total = tally.done + len(given.what)
            tally.positions = {}
            library.ingest(blobs(given, tally), tally, 0, session.access)
    finish(session, tally)


@command(app)
def remove(session: Session, ids: Ids) -> None:
    """Remove documents; effective at once. Exit code 3 when one of them is not there."""
    removed, missing = [], []
    with session.open(session.load()) as library:
        for one in ids:
            try:
                library.remove(one, session.access)
            except NotFound:
                missing.append(one)
                output.say(f"error: there is no document {one!r}", file=sys.stderr)
            else:
                removed.append(one)
    if session.json:
        output.print_json({"removed": removed, "missing": missing})
    elif removed:
        print(f"{len(removed)} removed")
    if missing:
        raise typer.Exit(NotFound.code)


@command(app, name="list")
def list_(
    session: Session,
    where: Annotated[str | None, typer.Option(help="Filter, as in SQL: \"path LIKE 'guide/%'\".")] = None,
    limit: Annotated[int, typer.Option(help="Most documents to list; 0 lists all.")] = 0,
    after: Annotated[str, typer.Option(help="Start after this id.")] = "",
    collection: Annotated[str, typer.Option(metavar="NAME", help=OF_COLLECTION)] = "",
) -> None:
    """List documents in order of id."""
    with session.open(session.load()) as library:
        entries = list(listed(library, where, (limit, after), session.access, collection))
    if session.json:
        output.print_json({"documents": entries})
    else:
        rows = [(one.id, one.title, one.passages, one.quarantined, one.updated_at) for one in entries]
        output.print_table(("id", "title", "passages", "quarantined", "updated"), rows)


@command(app)
def show(
    session: Session,
    document_id: Annotated[str, typer.Argument(metavar="ID", autocompletion=document_ids)],
    text: Annotated[bool, typer.Option("--text", help="Print the text only.")] = False,
) -> None:
    """Show a document: what the catalog says of it, then its text."""
    with session.open(session.load()) as library:
        entry, document = library.get(document_id, session.access)
        found = [] if text else library.suspicious(document_id, session.access)
    if session.json:
        from citewell.wire import dump, dump_document

        output.print_json({**dump_document(entry, document), "suspicious": dump(found)})
        return
    if text and not sys.stdout.isatty():
        print(document.text)  # to the letter: it goes to a file or a program
        return
    if not text:
        output.print_entry(entry)
        print()
        output.print_suspicious(found)
        print("\n" if found else "", end="")
    output.say(document.text)


@command(app)
def release(
    session: Session,
    document_id: Annotated[str, typer.Argument(metavar="ID", autocompletion=document_ids)],
    passage: Annotated[
        int | None, typer.Argument(metavar="[PASSAGE]", help="Its number, as `show` says; all, if none.")
    ] = None,
) -> None:
    """Let suspicious passages go, after a look at them: chat models are shown them from then on."""
    with session.open(session.load()) as library:
        found = [one.id for one in library.suspicious(document_id, session.access)]
        chosen = next((one for one in found if output.number_of(one) == passage), None)
        if passage is not None and chosen is None:
            raise NotFound(
                f"{document_id!r} has no suspicious passage {passage!r}; `citewell show` numbers them"
            )
        done = library.release(document_id, chosen, session.access)
    if session.json:
        output.print_json({"released": done})
    else:
        print(f"{done} released")


def check_paths(what: Sequence[str]) -> None:
    """Raise NotFound for a path that is not there, before anything is taken in."""
    for one in what:
        if not is_url(one) and not Path(one).exists():
            raise NotFound(f"there is no file or folder {one!r}; check the path")


def folder_of(path: Path, loaded: Loaded) -> Folder:
    """Return a folder as a source. NotFound when there is none."""
    from citewell.sources.folder import Folder

    if not path.is_dir():
        raise NotFound(f"there is no folder {str(path)!r}; check the path")
    return Folder(path, max_bytes=loaded.config.read.max_bytes)


def take_folder(
    library: Opened,
    folder: Folder,
    tally: Tally,
    *,
    prune: float,
    fields: Fields = MappingProxyType({}),
    access: Access = ANYBODY,
) -> None:
    """Sync a folder into the library, its documents with more fields; the tally sees every outcome."""
    library.sync(Listed(With(folder, fields) if fields else folder, tally), tally, prune, access)
    tally.done = max(tally.done, tally.total or 0)
    tally.skip(folder.skipped())


def listed(
    library: Opened, where: str | None, place: tuple[int, str], access: Access, collection: str
) -> Iterator[Entry]:
    """Page through the library's entries; `place` is a limit, 0 for none, and the id that they follow."""
    limit, after = place
    left = limit
    while True:
        page = library.list(where, min(left, 1000) if limit else 1000, after, access, collection)
        yield from page
        left -= len(page)
        if len(page) < 1000 or (limit and left <= 0):
            return
        after = page[-1].id


def finish(session: Session, tally: Tally) -> None:
    """Print the summary; leave with 11 when something failed."""
    if session.json:
        output.print_json(tally.summary())
    else:
        print(tally.line())
    if tally.failed:
        raise typer.Exit(SOME_FAILED)
