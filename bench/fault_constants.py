"""Choose constants of the checker on mechanical faults, judged leave-one-dataset-out.

    python -m bench.fault_constants --data DATA [--each 200] [NAME=VALUE,VALUE,… …]

For each constant of `citewell.answer.constants` (without any named, those of VALUES) and each set of DATA/grounding:
the value with the best sum of the mean share of faults caught over the kinds and the share of near-verbatim good
sentences kept, on the other sets; and what it then does on that set. Sentences of reference answers (see
`bench.faults`) are good ones whichever set is left out. The last lines show and choose on all sets; `*` is the value
that ships.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.fault_kinds import KINDS
from bench.fault_text import Pair, read_answers, read_pairs
from bench.faults import ANSWERS, GOOD, _sample, faults_of, flagged
from citewell.answer import constants

SETS = ("attributionbench", "begin_cmu", "begin_tc", "begin_wow", "wice")
VALUES = """SUPPORT=.5,.55,.6,.65 SUPPORT_QUOTE=.35,.45,.55 SHORT_CLAIM=2,3,4 WINDOW=2,3,4 SENTENCE_COST=.02,.04,.08
SUPPORT_SPREAD=.7,.8,1 SPREAD_GAIN=1,2,3 OPENING=1,2,3 BEFORE=1,3,5 CONFLICT_COVERAGE=.65,.75,.85,1.1
NEGATION_SCOPE=3,4,6 DENIED_SHARE=.4,.5,.6 POLAR_REACH=2,3,4 POLAR_SCOPE=.25,.5,1 NAME_REACH=2,3,4 NAME_SLOT=.75,1,1.5
NAME_MARGIN=.3,.6,1,1.5 SAME_QUANTITY=0,.02,.05 SUBJECT=0,.5,.75 NUMBER_REACH=4,5,6 NUMBER_MARGIN=.4,.6,.8"""
Row = tuple[str, str, bool]
"""Set, kind, flagged."""


def main() -> None:
    """Print a table for each constant."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("constants", nargs="*", metavar="NAME=VALUES")
    chosen = parser.parse_args()
    cases = [*_cases(chosen.data / "grounding", chosen.each), *_answers(chosen.data, chosen.each)]
    for text in chosen.constants or VALUES.split():
        name, _, values = text.partition("=")
        print("\n".join(_table(name, [float(value) for value in values.split(",")], cases)), flush=True)


def _cases(folder: Path, each: int) -> Iterator[tuple[str, str, Pair]]:
    """Yield the set, kind and pair of each fault and good sentence."""
    pairs = read_pairs(folder)
    sets = {
        context: name
        for name in SETS
        for context in {pair.shown[0] for pair in _pairs_of(folder, name, pairs)}
    }
    for kind in KINDS:
        for true, fault in _sample(faults_of(kind, pairs), each, kind):
            yield sets[true.shown[0]], kind, fault
    for kind, good in zip(GOOD, ([pair for pair in pairs if pair.near], pairs), strict=True):
        for pair in _sample(good, each, kind):
            yield sets[pair.shown[0]], kind, pair


def _answers(data: Path, each: int) -> Iterator[tuple[str, str, Pair]]:
    for name in ANSWERS:
        for pair in _sample(read_answers(data / name), each, name):
            yield name, GOOD[0], pair


def _pairs_of(folder: Path, name: str, pairs: Sequence[Pair]) -> list[Pair]:
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    contexts = {json.loads(line)["context"] for line in lines}
    contexts |= {context.partition("] ")[2] for context in contexts if context.startswith("[")}
    return [pair for pair in pairs if pair.shown[0] in contexts]


def _table(name: str, values: Sequence[float], cases: Sequence[tuple[str, str, Pair]]) -> Iterator[str]:
    rows = {value: _rows(name, value, cases) for value in values}
    ships = float(getattr(constants, name))
    yield f"\n{name}\n{'held out':18} value  caught  kept near  kept any"
    for held in SETS:
        best = _best(rows, ships, lambda row: row[0] != held)  # noqa: B023
        yield f"{held:18} {best:<6} {_figures(rows[best], lambda row: row[0] == held)}"  # noqa: B023
    best = _best(rows, ships, lambda row: True)
    for value in values:
        mark = ("  *" if value == ships else "") + ("  <- on all sets" if value == best else "")
        yield f"{'all':18} {value:<6} {_figures(rows[value], lambda row: True)}{mark}"


def _rows(name: str, value: float, cases: Sequence[tuple[str, str, Pair]]) -> list[Row]:
    """Check every case with a constant changed wherever it has been imported."""
    modules = [m for n, m in sys.modules.items() if n.startswith("citewell.answer") and hasattr(m, name)]
    before = getattr(modules[0], name)
    for module in modules:
        setattr(module, name, type(before)(value))
    rows = [(held, kind, flagged(pair, kind)) for held, kind, pair in cases]
    for module in modules:
        setattr(module, name, before)
    return rows


def _shares(rows: Sequence[Row], fits: Callable[[Row], bool]) -> dict[str, float]:
    found: dict[str, list[bool]] = {}
    for row in filter(fits, rows):
        found.setdefault(row[1], []).append(row[2])
    return {kind: sum(flags) / len(flags) for kind, flags in found.items()}


def _best(rows: Mapping[float, Sequence[Row]], ships: float, fits: Callable[[Row], bool]) -> float:
    """The value with the best score; of equals the one that ships, or the first."""
    return max(rows, key=lambda value: (round(_score(rows[value], fits), 4), value == ships))


def _score(rows: Sequence[Row], fits: Callable[[Row], bool]) -> float:
    shares = _shares(rows, fits)
    return _caught(shares) + 1 - shares.get(GOOD[0], 0.0)


def _caught(shares: dict[str, float]) -> float:
    caught = [share for kind, share in shares.items() if kind not in GOOD]
    return sum(caught) / max(1, len(caught))


def _figures(rows: Sequence[Row], fits: Callable[[Row], bool]) -> str:
    shares = _shares(rows, fits)
    near, wording = (1 - shares.get(kind, 0.0) for kind in GOOD)
    return f"{_caught(shares):6.3f} {near:10.3f} {wording:9.3f}"


if __name__ == "__main__":
    main()
