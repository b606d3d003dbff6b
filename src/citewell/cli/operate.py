"""Commands about the library itself: serve, status, config, doctor."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli import output
from citewell.cli.progress import bar
from citewell.cli.session import Session, command
from citewell.config import values_of
from citewell.errors import BadInput, CitewellError, Corrupt, InUse

if TYPE_CHECKING:
    from citewell.cli.session import Opened

app = typer.Typer()


@command(app)
def serve(
    session: Session,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
) -> None:
    """Serve the page and the API, and sync sources by their schedule, until Ctrl-C.

    Other commands use this server meanwhile.
    """
    from citewell.assemble import assemble

    session.local("serve")
    loaded = session.load({"server.host": host, "server.port": port})
    server = loaded.config.server
    with assemble(loaded.config) as library:
        from citewell.server.run import serve as run

        def ready(url: str) -> None:
            library.announce(url)
            library.sources.start()
            if session.json:
                output.print_json({"url": url, "pid": os.getpid()})
                sys.stdout.flush()
            else:
                print(f"serving on {url} until Ctrl-C", flush=True)

        run(
            library,
            server.host,
            server.port,
            os.environ.get(server.key_env),
            ready,
            hosts=[one.strip() for one in server.hosts.split(",") if one.strip()],
            max_bytes=loaded.config.read.max_bytes,
            search=loaded.config.search,
        )
    print("stopped", file=sys.stderr)


@command(app)
def status(session: Session) -> None:
    """Show counts, models and what is going on."""
    with session.open(session.load()) as library:
        found = dict(library.status(session.access))
    if session.json:
        output.print_json(found)
        return
    for name, value in found.items():
        output.say(f"{name}: {_said(value)}")


@command(app)
def copy(
    session: Session,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The citewell.toml of the other place.")],
) -> None:
    """Copy the library, vectors and all, to where another citewell.toml says, and compare both.

    Nothing is embedded again. After a stop the same command goes on.
    """
    from citewell.config import load
    from citewell.copying import copy as copied

    session.local("copy")
    session.owner("copy")
    if not to.is_file():
        raise BadInput(
            f"there is no file {str(to)!r}; write the other place's citewell.toml, and name it in --to"
        )
    with bar("rows") as shown:
        found = copied(
            session.load().config,
            load({}, {}, to).config,
            lambda table, done, total: shown.show(done, total, table),
        )
    if session.json:
        output.print_json(found)
        return
    output.say(
        f"{found.documents} documents, {found.passages} passages copied; {found.questions} searches in both: "
        f"{found.same:.0%} of the hits are the same"
    )


@command(app)
def config(session: Session) -> None:
    """Show every setting and where it came from: flag, environment, file or default."""
    loaded = session.load()
    values = values_of(loaded.config)
    if session.json:
        settings = {name: {"value": value, "origin": loaded.origins[name]} for name, value in values.items()}
        output.print_json({"file": loaded.file, "settings": settings})
        return
    rows = [(name, "" if value is None else value, loaded.origins[name]) for name, value in values.items()]
    output.print_table(("setting", "value", "from"), rows)


@command(app)
def doctor(
    session: Session,
    check: Annotated[
        bool, typer.Option("--check", help="Compare catalog and index; exit code 9 on drift.")
    ] = False,
) -> None:
    """Say what is installed, what would work, and what to do about the rest.

    Exit code 5 when something that Citewell needs is missing, 9 when --check finds drift.
    """
    from citewell.doctor import Finding, examine

    loaded = session.load()
    findings = examine(loaded.config)
    drift: list[str] | None = None
    try:
        with session.open(loaded) as library:
            findings.append(_state(library.status(session.access)))
            drift = _checked(library, session) if check else None
    except InUse as error:
        findings.append(Finding("library", "warn", str(error)))
    except CitewellError as error:
        findings.append(Finding("library", "missing", str(error)))
    if session.json:
        output.print_json({"findings": findings, "drift": drift})
    else:
        _tell(findings, drift)
    if check and drift is None:
        raise BadInput("the library could not be checked; see the line about it")
    if drift:
        raise typer.Exit(Corrupt.code)
    if any(one.state == "missing" and one.needed for one in findings):
        raise typer.Exit(5)


def _checked(library: Opened, session: Session) -> list[str]:
    session.owner("--check")
    return library.check()


def _state(status: dict[str, Any]) -> Any:
    from citewell.doctor import Finding

    shown = {
        name: status.get(name) for name in ("documents", "passages", "embedder", "index", "chat", "server")
    }
    return Finding(
        "library", "ok", ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    )


def _tell(findings: list[Any], drift: list[str] | None) -> None:
    for one in findings:
        output.say(f"{one.state:8}{one.name}: {one.text}")
        if one.remedy:
            print(f"{'':8}→ {one.remedy}")
    for line in drift or []:
        output.say(f"{'drift':8}{line}")
    if drift == []:
        print(f"{'ok':8}check: catalog and index agree")


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
