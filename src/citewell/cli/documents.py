"""Commands about documents: init, add, sync, remove, list, show."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.progress import Listed, Tally, bar, waiting
from citewell.cli.session import SOME_FAILED, Session, command
from citewell.cli.spending import confirm
from citewell.config import FILE_NAME, Loaded, template, values_of
from citewell.errors import BadInput, NotFound
from citewell.model import Blob, Entry, Failure
from citewell.money import Quote
from citewell.settings import ReadConfig

if TYPE_CHECKING:
    from citewell.cli.session import Opened

app = typer.Typer()


def document_ids(incomplete: str) -> list[str]:
    """Complete a document's id from the catalog; nothing where there is none."""
    import os

    from citewell.catalog import Catalog
    from citewell.config import load
    from citewell.errors import CitewellError

    try:
        path = load({}, os.environ).config.library.path / "catalog.db"
        if not path.exists():
            return []
        catalog = Catalog(path)
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
    yes: Yes = False,
) -> None:
    """Take in files, folders and web pages. What is unchanged costs nothing.

    What a hosted embedder would charge is said, and asked about, before.
    Exit code 11 when some could not be taken in; the others were.
    """
    loaded = session.load()
    check_paths(what)
    with session.open(loaded) as library:
        confirm(session, library, lambda: _quoted(library, what, loaded.config.read, allow_private), yes)
        with bar("documents") as shown:
            tally = Tally(shown)
            _add(library, what, tally, loaded.config.read, allow_private)
    finish(session, tally)


def _add(library: Opened, what: Sequence[str], tally: Tally, limits: ReadConfig, private: bool) -> None:
    for one in what:
        if not is_url(one) and Path(one).is_dir():
            take_folder(library, Path(one), tally, limits.max_bytes, prune=False)
    rest = [one for one in what if is_url(one) or not Path(one).is_dir()]
    tally.total = tally.done + len(rest)
    tally.positions = {}
    library.ingest(blobs(rest, limits, tally, private), tally)


def _quoted(library: Opened, what: Sequence[str], limits: ReadConfig, private: bool = False) -> Quote:
    """Quote files, folders and web pages; what cannot be read is told when it is taken in."""
    from citewell.sources.folder import Folder

    folders = [Path(one) for one in what if not is_url(one) and Path(one).is_dir()]
    rest = [one for one in what if is_url(one) or not Path(one).is_dir()]
    quotes = [library.quote(Folder(path, max_bytes=limits.max_bytes)) for path in folders]
    quotes.append(library.quote(blobs(rest, limits, lambda _: None, private)))
    return sum(quotes, Quote())


@command(app)
def sync(
    session: Session,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help="Folders; all that were added, if none.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Remove nothing.")] = False,
    yes: Yes = False,
) -> None:
    """Bring the library up to date with folders: new and changed files in, vanished ones out.

    Exit code 11 when some could not be taken in; the others were.
    """
    loaded = session.load()
    with session.open(loaded) as library:
        chosen = [Path(one) for one in paths] if paths else folders(library)
        named = [str(path) for path in chosen if path.is_dir()]
        confirm(session, library, lambda: _quoted(library, named, loaded.config.read), yes)
        with bar("documents") as shown:
            tally = Tally(shown)
            for path in chosen:
                take_folder(library, path, tally, loaded.config.read.max_bytes, prune=not keep)
    finish(session, tally)


@command(app)
def remove(session: Session, ids: Ids) -> None:
    """Remove documents; effective at once. Exit code 3 when one of them is not there."""
    removed, missing = [], []
    with session.open(session.load()) as library:
        for one in ids:
            try:
                library.remove(one)
            except NotFound:
                missing.append(one)
                print(f"error: there is no document {one!r}", file=sys.stderr)
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
) -> None:
    """List documents in order of id."""
    with session.open(session.load()) as library:
        entries = list(listed(library, where, limit, after))
    if session.json:
        output.print_json({"documents": entries})
    else:
        rows = [(one.id, one.title, one.passages, one.updated_at) for one in entries]
        output.print_table(("id", "title", "passages", "updated"), rows)


@command(app)
def show(
    session: Session,
    document_id: Annotated[str, typer.Argument(metavar="ID", autocompletion=document_ids)],
    text: Annotated[bool, typer.Option("--text", help="Print the text only.")] = False,
) -> None:
    """Show a document: what the catalog says of it, then its text."""
    with session.open(session.load()) as library:
        entry, document = library.get(document_id)
    if session.json:
        from citewell.wire import dump_document

        output.print_json(dump_document(entry, document))
        return
    if not text:
        output.print_entry(entry)
        print()
    print(document.text)


def is_url(text: str) -> bool:
    """Say whether an argument is a web address (or looks like one of another kind)."""
    return "://" in text


def check_paths(what: Sequence[str]) -> None:
    """Raise NotFound for a path that is not there, before anything is taken in."""
    for one in what:
        if not is_url(one) and not Path(one).exists():
            raise NotFound(f"there is no file or folder {one!r}; check the path")


def take_folder(library: Opened, path: Path, tally: Tally, max_bytes: int, *, prune: bool) -> None:
    """Sync a folder into the library; the tally sees every outcome."""
    from citewell.sources.folder import Folder

    if not path.is_dir():
        raise NotFound(f"there is no folder {str(path)!r}; check the path")
    folder = Folder(path, max_bytes=max_bytes)
    library.sync(Listed(folder, tally), tally, prune)
    tally.done = max(tally.done, tally.total or 0)
    tally.skip(folder.skipped())


def blobs(
    what: Sequence[str], limits: ReadConfig, tally: Callable[[Failure], None], private: bool
) -> Iterator[Blob]:
    """Yield the bytes of files and web pages; what cannot be had is told to the tally."""
    from citewell.sources.url import download

    for one in what:
        try:
            yield (
                download(one, limits, private=private)
                if is_url(one)
                else file_blob(Path(one), limits.max_bytes)
            )
        except BadInput as error:
            tally(Failure(one, str(error).removeprefix(f"{one}: ")))


def file_blob(path: Path, max_bytes: int) -> Blob:
    """Return a file's bytes, named as if its folder had been added."""
    from citewell.sources.folder import Folder

    file = Folder(path, max_bytes=max_bytes)
    return file.fetch(next(file.items()))


def folders(library: Opened) -> list[Path]:
    """Return the folders that the library was filled from."""
    names: Any = library.status().get("sources") or []
    found = [Path(name.removeprefix("folder:")) for name in names if name.startswith("folder:")]
    if not found:
        raise BadInput("no folder was added to this library; name one: citewell sync PATH")
    return found


def listed(library: Opened, where: str | None, limit: int, after: str) -> Iterator[Entry]:
    """Page through the library's entries; a limit of 0 is none."""
    left = limit
    while True:
        page = library.list(where, min(left, 1000) if limit else 1000, after)
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
