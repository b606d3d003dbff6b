"""`citewell eval`: a judged collection, or labelled claims, in; a table of measures out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from citewell.cli import output
from citewell.cli.progress import Tally, bar
from citewell.cli.session import Session
from citewell.errors import BadInput
from citewell.model import Mode
from citewell.settings import Config, LibraryConfig, SearchConfig

MODES = SearchConfig.__dataclass_fields__["mode"].metadata["choices"]


def measure(session: Session, config: Config, folder: Path, *, limit: int, compare: str | None) -> None:
    """Take the collection into a library of its own, search it, print the measures or the comparison."""
    from citewell import evaluate
    from citewell.assemble import assemble

    if compare is not None and compare not in MODES:
        raise BadInput(f"--compare is {compare!r}; it must be one of {', '.join(MODES)}")
    dataset = evaluate.load(folder)
    with assemble(_own(config, folder), create=True) as library, bar("documents") as shown:
        tally = Tally(shown)
        evaluate.ingest(library, dataset, tally)
        first = evaluate.run_library(library, dataset, mode=config.search.mode, limit=limit)
        if compare is None:
            found: Any = evaluate.report(first, dataset)
        else:
            second = evaluate.run_library(library, dataset, mode=cast(Mode, compare), limit=limit)
            found = evaluate.compare(first, second, dataset)
    if session.json:
        output.print_json({**found.to_json(), "ingest": tally.summary()})
        return
    from rich.console import Console

    table = evaluate.report_table(found) if compare is None else evaluate.comparison_table(found)
    Console().print(table)


def measure_checker(session: Session, paths: Sequence[Path]) -> None:
    """Score the labelled claims of each file, print measures per set and on average."""
    from citewell import evaluate
    from citewell.answer.constants import GROUNDED_THRESHOLD
    from citewell.answer.score import grounded

    sets = {path: evaluate.read_pairs(path) for path in _files(paths)}  # all are read before any is scored
    found = []
    with bar("sets") as shown:
        for done, (path, pairs) in enumerate(sets.items(), start=1):
            found.append(evaluate.measure_grounding(path.stem, pairs, grounded, GROUNDED_THRESHOLD))
            shown.show(done, len(sets), path.stem)
    if session.json:
        output.print_json(evaluate.summary(found))
        return
    from rich.console import Console

    Console().print(evaluate.grounding_table(found, "claims and their evidence"))


def _files(paths: Sequence[Path]) -> list[Path]:
    found = [one for path in paths for one in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not found:
        raise BadInput(f"there is no .jsonl file in {', '.join(repr(str(path)) for path in paths)}")
    return found


def _own(config: Config, folder: Path) -> Config:
    """Return the configuration with a library of this collection alone, kept for the next time."""
    name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
    path = config.library.path / "eval" / f"{folder.name}-{name}-{config.embed.model}"
    return replace(config, library=LibraryConfig(path=path))
