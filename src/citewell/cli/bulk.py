"""The options of `add` and `sync` that send the work to a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.progress import waiting
from citewell.cli.session import Session
from citewell.config import Loaded
from citewell.errors import BadInput

if TYPE_CHECKING:
    from citewell.bulk import RayData

On = Annotated[
    str | None,
    typer.Option(
        "--on", metavar="ADDRESS", help="Read, split and embed on Ray: local, ray://HOST:PORT or HOST:PORT."
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", min=0, help="With --on, how many embed at once; 0 takes every core there.")
]


def spread_of(session: Session, on: str | None, workers: int, loaded: Loaded) -> RayData | None:
    """Return where documents are read, split and embedded; None: here."""
    if on is None:
        if workers:
            raise BadInput(f"--workers {workers} is for --on; embed.threads says how many threads embed here")
        return None
    session.local("--on")
    from citewell.bulk.spread import spread_on

    return spread_on(on, workers, loaded.config.embed)


@contextmanager
def connected(spread: RayData | None) -> Iterator[None]:
    """Reach the cluster, or start one here, for as long as it is needed."""
    if spread is None:
        yield
        return
    with ExitStack() as until:
        with waiting(f"starting Ray ({spread.address.text})"):
            until.enter_context(spread.connected())
        yield
