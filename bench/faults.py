"""How many mechanical faults does the checker of answers catch, and how many good sentences does it flag?

    python -m bench.faults --data DATA [--each 200] [--misses 10] [--json FILE]

Faults are made from the supported pairs in DATA/grounding by `bench.fault_kinds`. Good sentences are those pairs, and
near-verbatim sentences of the reference answers in DATA/clapnq_dev and DATA/mtrag_un, with their passages' titles.
A fault is caught when its sentence gets no citation or is listed as unsupported; a mark that names nothing is caught
when it is not in the checked text.
Intervals are 95 % bootstrap over faults; several faults can come from one sentence, so they are a little too narrow.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from bench.fault_kinds import KINDS
from bench.fault_text import Others, Pair, read_answers, read_pairs
from citewell.answer import cite
from citewell.evaluate.bootstrap import Estimate, estimate
from citewell.model import Entry, Hit, Passage

T = TypeVar("T")
SEED = 7
AGAIN = {"swapped number": 3, "changed date": 3, "two mixed": 3}
"""How often a sentence is tried: these have few occasions, and several ways each."""
ALL_PAIRS = ("swapped number", "changed date", "changed name", "two mixed")
"""These look for the part that they change in the passage themselves; the others start from near-verbatim claims."""
GOOD = ("good, near-verbatim", "good, any wording")
ANSWERS = ("clapnq_dev", "mtrag_un")
"""Sets with answers that people wrote from passages: good sentences that no fault was made from."""


@dataclass(frozen=True)
class Outcome:
    """A fault, or a good sentence, and whether the checker took it for unsupported."""

    kind: str
    way: str
    sentence: str
    shown: tuple[str, ...]
    flagged: bool
    plain: bool
    """Whether the true sentence that it was made from is accepted: else it is caught for want of a match."""

    @property
    def exact(self) -> bool:
        """Whether the sentence has a quote or a figure, marks aside."""
        return bool(re.search(r'["“]|\d', re.sub(r"\[[\d, ]+\]|【\d+】|\(source \d+\)", "", self.sentence)))


def main() -> None:
    """Print the table, and misses where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=200, help="faults of each kind, at most")
    parser.add_argument("--misses", type=int, default=0, help="missed faults of each kind to print")
    parser.add_argument("--json", type=Path, help="write every outcome to this file")
    chosen = parser.parse_args()
    outcomes = measure(read_pairs(chosen.data / "grounding"), chosen.each)
    for name in ANSWERS:
        outcomes += [_good(pair, f"good, {name}") for pair in read_answers(chosen.data / name)]
    print("\n".join(_table(outcomes)))
    if chosen.misses:
        print("\n".join(_examples(outcomes, chosen.misses)))
    if chosen.json:
        rows = [asdict(outcome) | {"exact": outcome.exact} for outcome in outcomes]
        chosen.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def measure(pairs: Sequence[Pair], each: int) -> list[Outcome]:
    """Check at most `each` faults of every kind, and as many good sentences; equal at equal pairs."""
    outcomes = [
        Outcome(kind, fault.way, fault.sentence, fault.shown, flagged(fault, kind), not flagged(true, ""))
        for kind in KINDS
        for true, fault in _sample(faults_of(kind, pairs), each, kind)
    ]
    for kind, good in zip(GOOD, ([pair for pair in pairs if pair.near], list(pairs)), strict=True):
        for pair in _sample(good, each, kind):
            outcomes.append(_good(pair, kind))
    return outcomes


def _good(pair: Pair, kind: str) -> Outcome:
    wrong = flagged(pair, kind)
    return Outcome(kind, "", pair.sentence, pair.shown, wrong, not wrong)


def faults_of(kind: str, pairs: Sequence[Pair]) -> list[tuple[Pair, Pair]]:
    """All different faults of a kind that the pairs give, each behind the pair that it was made from."""
    others = Others(pairs, random.Random(SEED))
    start = pairs if kind in ALL_PAIRS else [pair for pair in pairs if pair.near]
    made = ((pair, KINDS[kind](pair, others)) for pair in start for _ in range(AGAIN.get(kind, 1)))
    return list({(fault.sentence, fault.shown): (pair, fault) for pair, fault in made if fault}.values())


def flagged(pair: Pair, kind: str) -> bool:
    """Let the checker judge a sentence that cites passage 1, or bears its invented mark."""
    marked = kind == "invented source" and pair.way != "attributed"
    cited = cite(
        pair.sentence if marked else _with_mark(pair.sentence),
        [_hit(text, pair.title) for text in pair.shown],
    )
    if marked:
        numbers = [int(n) for n in re.findall(r"\[(\d+)\]", cited.text)]
        left = pair.way in cited.text if not pair.way.startswith("[") else False
        return not left and all(1 <= n <= len(cited.citations) for n in numbers)
    return not cited.citations or bool(cited.unsupported)


def _with_mark(sentence: str) -> str:
    return f"{sentence[:-1]} [1]." if sentence.endswith(".") else f"{sentence} [1]"


def _hit(text: str, title: str = "") -> Hit:
    name = f"d{zlib.crc32(text.encode())}"
    entry = Entry(name, 1, title, name, "text/plain", {}, 1, len(text), "", "")
    return Hit(Passage(name, name, 1, text, 0, len(text)), entry, 1.0)


def _sample(pairs: Sequence[T], each: int, kind: str) -> list[T]:
    return random.Random(f"{SEED} {kind}").sample(pairs, min(each, len(pairs)))


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    groups = ("flagged", "with quote or figure", "the rest", "true form accepted")
    yield f"{'':<22}" + "".join(f"{group:>27}" for group in groups)
    for kind in dict.fromkeys(one.kind for one in outcomes):
        mine = [one for one in outcomes if one.kind == kind]
        yield _line(kind, mine)
        ways = dict.fromkeys(one.way for one in mine)
        if 1 < len(ways) <= 10:
            yield from (_line(f"  {way}", [one for one in mine if one.way == way]) for way in sorted(ways))


def _line(name: str, outcomes: Sequence[Outcome]) -> str:
    exact, rest = [one for one in outcomes if one.exact], [one for one in outcomes if not one.exact]
    plain = [one for one in outcomes if one.plain]
    return f"{name:<22}" + "".join(f"{_share(group):>27}" for group in (outcomes, exact, rest, plain))


def _share(outcomes: Sequence[Outcome]) -> str:
    of: Estimate = estimate([float(one.flagged) for one in outcomes])
    return f"{len(outcomes)}: {of.mean:.3f} ({of.low:.3f}–{of.high:.3f})" if outcomes else "–"


def _examples(outcomes: Sequence[Outcome], most: int) -> Iterator[str]:
    for kind in dict.fromkeys(one.kind for one in outcomes):
        wrong: Callable[[Outcome], bool] = (
            (lambda o: o.flagged) if kind.startswith("good") else (lambda o: not o.flagged)
        )
        mine = [one for one in outcomes if one.kind == kind and wrong(one)]
        yield f"\n{kind}: {len(mine)} {'flagged' if kind.startswith('good') else 'missed'}"
        yield from (f"  [{one.way}] {one.sentence}" for one in mine[:most])


if __name__ == "__main__":
    main()
