"""Commands about sources: sync them, watch them, see how they stand."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.bulk import On, Workers, connected, spread_of
from citewell.cli.documents import Yes, finish, folder_of, take_folder
from citewell.cli.progress import Listed, Tally, bar
from citewell.cli.session import SOME_FAILED, Session, command
from citewell.cli.spending import confirm
from citewell.errors import BadInput, CitewellError
from citewell.incoming import Failure
from citewell.pruning import MOST_REMOVED
from citewell.sourced import SourceState

if TYPE_CHECKING:
    from citewell.cli.session import Opened
    from citewell.protocols import Source
    from citewell.sources.folder import Folder

app = typer.Typer()


@command(app)
def sync(
    session: Session,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|PATH…",
            help="Configured sources and folders; all of them, and all folders that were added, if none.",
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Remove nothing.")] = False,
    allow_removals: Annotated[
        bool,
        typer.Option("--allow-removals", help="Remove whatever is gone, even if it is most of a source."),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Go on until Ctrl-C: folders as they change, sources by their schedule."
        ),
    ] = False,
    yes: Yes = False,
    on: On = None,
    workers: Workers = 0,
) -> None:
    """Bring the library up to date with its sources: new and changed documents in, vanished ones out.

    A source that lists less than half of what it had removes nothing, and says so. Exit code 11 when something failed;
    the rest was done.
    """
    loaded = session.load()
    prune = 0.0 if keep else 1.0 if allow_removals else None
    if watch and on:
        raise BadInput(f"--watch waits for changes, --on {on!r} is for many at once; leave one out")
    spread = spread_of(session, on, workers, loaded)
    with session.open(loaded, spread) as library:
        names, paths = chosen(session, library, what or [])
        folders = [folder_of(path, loaded) for path in paths]
        share = MOST_REMOVED if prune is None else prune
        confirm(session, library, [*folders, *here(library, names)], yes)
        with connected(spread), bar("documents") as shown:
            tally = Tally(shown)
            for folder in folders:
                take_folder(library, folder, tally, prune=share, access=session.access)
            for name in names:
                take_source(library, name, tally, prune)
        if not watch:
            finish(session, tally)
            return
        print(tally.line(), flush=True)
        with bar("documents") as shown:
            take = partial(take_folder, library, tally=Tally(shown), prune=share, access=session.access)
            keep_up(library, folders, take)


@command(app)
def sources(session: Session) -> None:
    """Show the sources: how their last runs went, and when the next ones are.

    `citewell serve` runs those with `every` or `watch`. Exit code 11 when one is failing or held back.
    """
    session.owner("sources")
    with session.open(session.load()) as library:
        found = library.sources.list()
    if session.json:
        output.print_json({"sources": found})
    else:
        columns = ("source", "kind", "state", "items", "last run", "took", "did", "next run", "error")
        output.print_table(columns, [_row(one) for one in found])
    if any(one.state in ("failing", "held") for one in found):
        raise typer.Exit(SOME_FAILED)


def _row(one: SourceState) -> tuple[object, ...]:
    did = ", ".join(f"{count} {name}" for name, count in one.counts.items() if count) or "-"
    ran = (one.last_run[:19], f"{one.seconds:.1f} s") if one.last_run else ("-", "-")
    return (one.name, one.kind, one.state, one.items, *ran, did, one.next_run[:19] or "-", one.error or "-")


def chosen(session: Session, library: Opened, what: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Part what was named into configured sources and folders; all there are, if nothing was named."""
    if not session.access.everything:
        if not what:
            raise BadInput("sources are the owner's; name a folder, or leave out --as")
        return [], [Path(one) for one in what]
    known = {one.name: one for one in library.sources.list()}
    configured = [name for name, one in known.items() if one.state != "not configured"]
    if what:
        return [one for one in what if one in configured], [
            Path(one) for one in what if one not in configured
        ]
    added = [name for name in known if name.startswith("folder:") and name not in configured]
    if not configured and not added:
        raise BadInput("this library has no source; name a folder: citewell sync PATH, or write [[sources]]")
    return configured, [Path(name.removeprefix("folder:")) for name in added]


def here(library: Opened, names: Sequence[str]) -> list[Source]:
    """Return the configured sources that are read on this machine: those of a server are its own business."""
    from citewell.library import Library

    found: list[Source] = []
    if isinstance(library, Library):
        for name in names:
            with suppress(CitewellError):  # its run says why
                found.append(library.sources.source(name))
    return found


def take_source(library: Opened, name: str, tally: Tally, prune: float | None) -> None:
    """Run a configured source; a source that fails is one line, and the others go on."""
    from citewell.library import Library

    try:
        if isinstance(library, Library):
            library.sources.run(name, tally, prune, lambda source: Listed(source, tally))
            return
        state = library.sources.run(name, prune)
        for kind, count in state.counts.items():
            tally.counts[kind] = tally.counts.get(kind, 0) + count
        if state.error:
            tally(Failure(name, state.error))
    except CitewellError as error:
        tally(Failure(name, str(error)))


def keep_up(library: Opened, folders: Sequence[Folder], take: partial[None]) -> None:
    """Take in what changes in folders (`take` does), and run configured sources by their schedule, until Ctrl-C."""
    from citewell.library import Library

    stop, changes = threading.Event(), queue.Queue[Any]()

    def tell(folder: Folder) -> None:
        try:
            missed = True  # what changed before the watching began
            for changed in folder.changed(stop):
                changes.put(folder if changed or missed else None)
                missed = False
        except CitewellError as error:
            changes.put(error)

    if isinstance(library, Library):
        library.sources.start(take.keywords["tally"])
    for folder in folders:
        threading.Thread(target=tell, args=(folder,), daemon=True).start()
    print("watching until Ctrl-C", file=sys.stderr, flush=True)
    try:
        while True:
            found = changes.get()
            if isinstance(found, CitewellError):
                raise found
            if found is not None:
                take(found)
                print(take.keywords["tally"].line(), flush=True)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        stop.set()
