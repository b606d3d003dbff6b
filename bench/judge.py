"""What a second reader (`chat.judge`) adds to the checks, with a local model.

    python -m bench.judge MODEL.gguf --data DATA [--each 40] [--seconds 300]

For each set of DATA/grounding, `--each` claims of either label (seed 7): balanced accuracy of the checks alone (every
sentence of the claim has a quote), and with the model asked about what they leave in doubt. Then mechanical faults and
good sentences (`bench.faults`): the shares flagged by the checks, and still flagged with the model. A group ends when
`--seconds` have passed; n says how far it came. Only sentences in doubt are asked about.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.fault_kinds import KINDS
from bench.fault_text import Pair, read_pairs
from bench.faults import GOOD, SEED, _hit, _sample, _with_mark, faults_of
from citewell.answer import Doubt, cite, doubts_of
from citewell.answer.render import body_of
from citewell.evaluate import read_pairs as read_claims
from citewell.evaluate.bootstrap import estimate
from citewell.evaluate.grounding import judged
from citewell.model import Citation
from citewell.prompts import chosen, templates
from citewell.providers.local_gguf import LocalGguf
from citewell.techniques.judging import Judging
from citewell.techniques.means import Ask


@dataclass
class Reader:
    """Asks the model, and counts."""

    judging: Judging
    calls: int = 0
    seconds: float = 0.0

    def supported(self, pair: Pair) -> tuple[bool, bool]:
        """Say whether every sentence of a claim has a quote: by the checks, and with the model too."""
        text, hits = _with_mark(pair.sentence), [_hit(shown, pair.title) for shown in pair.shown]
        first = cite(text, hits)
        if first.citations and not first.unsupported:
            return True, True
        doubts = doubts_of(text, hits)
        if {one.claim for one in doubts} < set(first.unsupported):
            return False, False  # some are beyond asking
        granted = self._granted(doubts)
        again = cite(text, hits, granted=granted)
        return False, bool(again.citations) and not again.unsupported

    def _granted(self, doubts: Sequence[Doubt]) -> dict[str, Citation]:
        granted, step = asyncio.run(self.judging("Is it so?", doubts))
        self.calls += step.calls
        self.seconds += step.seconds
        return dict(granted)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=300.0)
    given = parser.parse_args()
    body = body_of(chosen(templates(None), "judge"))
    reader = Reader(Judging(Ask(LocalGguf(given.model, max_tokens=4), lambda _: body)))
    for line in (*_sets(reader, given), *_faults(reader, given)):
        print(line, flush=True)
    print(f"{reader.calls} calls, {reader.seconds / max(1, reader.calls):.1f} s a call")


def _sets(reader: Reader, given: argparse.Namespace) -> Iterator[str]:
    yield "| set | n | checks | with the model |\n|---|---|---|---|"
    for path in sorted((given.data / "grounding").glob("*.jsonl")):
        claims = read_claims(path)
        drawn = [
            one
            for label in (True, False)
            for one in _sample([c for c in claims if c.supported is label], given.each, path.stem)
        ]
        random.Random(SEED).shuffle(drawn)
        rows, ends = [], time.monotonic() + given.seconds
        for one in drawn:
            if time.monotonic() > ends:
                break
            rows.append((one.supported, *reader.supported(Pair(one.claim, (one.context,)))))
        labels = [label for label, _, _ in rows]
        shown = [judged([float(row[at]) for row in rows], labels, 0.5)[0] for at in (1, 2)]
        yield (
            f"| {path.stem} | {len(rows)} | "
            + " | ".join(f"{one.mean:.3f} ({one.low:.3f}–{one.high:.3f})" for one in shown)
            + " |"
        )


def _faults(reader: Reader, given: argparse.Namespace) -> Iterator[str]:
    pairs = read_pairs(given.data / "grounding")
    groups = {
        kind: [fault for _, fault in faults_of(kind, pairs)] for kind in KINDS if kind != "invented source"
    }
    groups[GOOD[1]] = list(pairs)
    yield "\n| kind | n | flagged by the checks | flagged still |\n|---|---|---|---|"
    for kind, some in groups.items():
        rows, ends = [], time.monotonic() + given.seconds
        for one in _sample(some, given.each, kind):
            if time.monotonic() > ends:
                break
            rows.append(reader.supported(one))
        shown = [estimate([float(not row[at]) for row in rows]) for at in (0, 1)]
        yield (
            f"| {kind} | {len(rows)} | "
            + " | ".join(f"{one.mean:.3f} ({one.low:.3f}–{one.high:.3f})" for one in shown)
            + " |"
        )


if __name__ == "__main__":
    main()
