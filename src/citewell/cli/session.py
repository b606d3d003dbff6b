"""What every command shares: its options, opening the library or its server, errors as one line."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from citewell.access import Access
from citewell.config import Loaded, load
from citewell.errors import BadInput, CitewellError, InUse

if TYPE_CHECKING:
    from citewell.client import Remote
    from citewell.library import Library
    from citewell.prepare import Spread

    Opened: TypeAlias = Library | Remote

REFUSED: Final = 10
"""Exit code of `ask` when the documents do not answer."""
SOME_FAILED: Final = 11
"""Exit code of `add` and `sync` when some inputs could not be taken in; the others were."""
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Session:
    """The options that every command takes."""

    json: bool = False
    server: str | None = None
    library: Path | None = None
    config: Path | None = None
    debug: bool = False
    asker: str | None = None

    @property
    def access(self) -> Access:
        """Who asks: the owner, unless --as names somebody. BadInput for a name that is none."""
        return Access.all() if self.asker is None else Access.parse(self.asker)

    def load(self, flags: Mapping[str, Any] | None = None) -> Loaded:
        """Read the configuration, with `flags` ("section.key": value or None) before everything else."""
        return load({"library.path": self.library, **(flags or {})}, os.environ, self.config)

    @contextmanager
    def open(self, loaded: Loaded, spread: Spread | None = None) -> Iterator[Opened]:
        """Open the library; where a server holds it (or `--server` names one), that server instead.

        With `spread` it is the library itself or InUse: a server takes documents in where it runs.
        """
        if self.server:
            url = self.server
        else:
            from citewell.assemble import assemble

            try:
                library = assemble(loaded.config, spread=spread)
            except InUse as busy:
                if busy.url is None or spread is not None:
                    raise
                url = busy.url
            else:
                with library:
                    yield library
                return
        from citewell.client import Remote

        with Remote(url, key=os.environ.get(loaded.config.server.key_env)) as remote:
            yield remote

    def local(self, command: str) -> None:
        """Refuse `--server` in a command that works on this machine only."""
        if self.server:
            raise BadInput(f"{command} works on a library here; leave out --server {self.server!r}")

    def owner(self, command: str) -> None:
        """Refuse `--as` in a command that shows, or needs, all that there is."""
        if not self.access.everything:
            raise BadInput(
                f"{command} sees the whole library; it is the owner's: leave out --as {self.asker!r}"
            )


def command(app: typer.Typer, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first parameter is the Session; adds the shared options."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        def run(**values: Any) -> None:
            session = Session(**{name: values.pop(f"{name}_") for name in SHARED})
            _guard(session, lambda: function(session, **values))

        shared = [
            inspect.Parameter(f"{name}_", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (default, kind) in SHARED.items()
        ]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + shared
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        run.__doc__, run.__name__ = function.__doc__, function.__name__
        app.command(options.pop("name", None) or function.__name__, **options)(run)
        return function

    return register


def _everywhere(flag: str, about: str, **more: Any) -> Any:
    return typer.Option(flag, help=about, rich_help_panel="Everywhere", **more)


SHARED: Final[Mapping[str, tuple[Any, Any]]] = {
    "json": (False, Annotated[bool, _everywhere("--json", "Print one JSON document.")]),
    "server": (
        None,
        Annotated[str | None, _everywhere("--server", "Use the library of this server.", metavar="URL")],
    ),
    "library": (None, Annotated[Path | None, _everywhere("--library", "The library's folder.")]),
    "config": (None, Annotated[Path | None, _everywhere("--config", "The citewell.toml.")]),
    "asker": (
        None,
        Annotated[
            str | None,
            _everywhere(
                "--as",
                'See what they may see: "user:ann,group:sales"; "" is anybody. Else all.',
                metavar="NAMES",
            ),
        ],
    ),
    "debug": (False, Annotated[bool, _everywhere("--debug", "Show where an error arose.")]),
}


def _guard(session: Session, work: Callable[[], None]) -> None:
    """Run a command; what it raises becomes one line on stderr and an exit code."""
    try:
        work()
    except CitewellError as error:
        if session.debug:
            from traceback import print_exc

            print_exc()
        raise typer.Exit(_tell(session, error)) from None
    except KeyboardInterrupt:
        print("interrupted; everything that was acknowledged is kept", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _tell(session: Session, error: CitewellError) -> int:
    from citewell.cli.output import say

    # One line, save for filters: theirs end with the filter and a mark under the wrong character.
    say(f"error: {error}", file=sys.stderr)
    if session.json:
        from citewell.cli.output import print_json
        from citewell.wire import dump_error

        print_json({"error": dump_error(error)})
    return error.code
