"""Raw results into the tables of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citewell import evaluate
from citewell.evaluate import Comparison, Dataset, Report, Run, compare

OURS = "citewell"
SHOWN = ("nDCG@10", "hit@5", "recall@20", "MRR", "MAP")


@dataclass(frozen=True)
class Scored:
    """A system's raw result on a dataset, and a report for each way that it can search."""

    raw: Mapping[str, Any]
    reports: Sequence[Report]


@dataclass(frozen=True)
class Match:
    """All systems on a dataset, and ours (hybrid) against the best run of any peer."""

    scored: Sequence[Scored]
    comparison: Comparison | None


def score(dataset: Dataset, results: Sequence[Mapping[str, Any]]) -> Match:
    """Score the runs of every system, and compare ours with the peers' best by nDCG@10."""
    runs = {raw["system"]: [_named(raw, run) for run in raw["runs"]] for raw in results}
    scored = [Scored(raw, [evaluate.report(run, dataset) for run in runs[raw["system"]]]) for raw in results]
    peers = [
        (one.measures["nDCG@10"].mean, run)
        for which in scored
        if which.raw["system"] != OURS
        for one, run in zip(which.reports, runs[which.raw["system"]], strict=True)
    ]
    if OURS not in runs or not peers:
        return Match(scored, None)
    best = max(peers, key=lambda pair: pair[0])[1]
    return Match(scored, compare(best, runs[OURS][0], dataset))


def page(
    facts: Mapping[str, str],
    matches: Mapping[str, Match],
    same: Sequence[Mapping[str, Any]],
    latency: Mapping[str, Any],
    sizes: Mapping[str, float],
) -> str:
    """Return docs/benchmarks.md."""
    everyone = [scored.raw for scored in next(iter(matches.values())).scored]
    parts = ["# Benchmarks", _introduction(facts, everyone)]
    for name, match in matches.items():
        parts += [f"## Quality: {name}", _quality(match)]
    parts += ["## Ingest", *(_ingest(name, match) for name, match in matches.items())]
    if same:
        parts += ["### The same passages for everyone", _same(same)]
    parts += ["## Queries", _queries(matches)]
    parts += ["## Start and size", _footprint(everyone, latency, sizes)]
    if latency.get("rows"):
        parts += ["## Citewell as it grows", _latency(latency)]
    return "\n\n".join(parts) + "\n"


def _named(raw: Mapping[str, Any], run: Mapping[str, Any]) -> Run:
    return Run.from_json({**run, "name": f"{raw['name']}, {run['name']}"})


def _introduction(facts: Mapping[str, str], everyone: Sequence[Mapping[str, Any]]) -> str:
    versions = "; ".join(
        f"{raw['name']}: " + ", ".join(f"{package} {number}" for package, number in raw["versions"].items())
        for raw in everyone
    )
    times = sorted(raw["started_at"] for raw in everyone if "started_at" in raw)
    return "\n".join(
        [
            "Every system ran in turn, never two at once, in its own environment, with the same "
            "all-MiniLM-L6-v2 weights, its own default splitting and its documented hybrid search; 100 "
            "passages were asked of each, and a page is scored by its best passage. Intervals are 95 % "
            "bootstrap (BCa) over questions; p is a paired permutation test. Peers get each page's title in "
            "front of its text. Citewell keeps everything on disk; the peers run in memory.",
            "",
            *(f"- {name}: {value}" for name, value in facts.items()),
            f"- Runs started: {times[0]} to {times[-1]}, load before each in the last table" if times else "",
            f"- Versions: {versions}",
        ]
    )


def _quality(match: Match) -> str:
    rows = []
    for one in (report for scored in match.scored for report in scored.reports):
        cells = [f"{e.mean:.3f} ({e.low:.3f}–{e.high:.3f})" for e in (one.measures[name] for name in SHOWN)]
        rows.append([one.name, *cells])
    lines = [table(["", *SHOWN], rows)]
    first = match.scored[0].reports[0]
    lines.append(
        f"{first.queries} questions; {first.without_gold} more have no relevant page and count nowhere."
    )
    if match.comparison is not None:
        lines.append(f"**{match.comparison.b.name} against the best peer ({match.comparison.a.name}):**")
        rows = [
            [name, f"{d.delta:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}", f"{d.p:.4f}"]
            for name, d in ((name, match.comparison.differences[name]) for name in SHOWN)
        ]
        lines.append(table(["", "difference", "95 % interval", "p"], rows))
    return "\n\n".join(lines)


def _ingest(name: str, match: Match) -> str:
    raws = [scored.raw for scored in match.scored]
    fastest = _fastest(raws)
    rows = []
    for raw in raws:
        seen, cut = raw["tokens"]["embedded"], raw["tokens"]["truncated"]
        share = cut / max(1, seen + cut)
        cells = [raw["name"], raw["passages"], f"{raw['ingest_seconds']:.1f}"]
        cells += [f"{raw['documents'] / raw['ingest_seconds']:.1f}", f"{_rate(raw):,.0f}"]
        rows.append([*cells, _ratio(_rate(raw), fastest), f"{seen:,}", f"{cut:,} ({share:.1%})"])
    head = [
        "",
        "passages",
        "seconds",
        "pages/s",
        "tokens/s",
        "× fastest peer",
        "tokens embedded",
        "cut off, never seen",
    ]
    return f"### {name}\n\n" + table(head, rows)


def _same(raws: Sequence[Mapping[str, Any]]) -> str:
    fastest = _fastest(raws)
    rows = []
    for raw in raws:
        share = raw["embed_alone_seconds"] / raw["ingest_seconds"]
        cells = [
            raw["name"],
            f"{raw['ingest_seconds']:.1f}",
            f"{_rate(raw):,.0f}",
            _ratio(_rate(raw), fastest),
        ]
        rows.append([*cells, f"{share:.0%}"])
    count = raws[0]["tokens"]
    note = f"{raws[0]['passages']:,} passages, {count['embedded']:,} tokens, {count['truncated']:,} cut off."
    head = [
        "",
        "seconds, given to searchable",
        "tokens/s",
        "× fastest peer",
        "of the speed of its embedder alone",
    ]
    return note + "\n\n" + table(head, rows)


def _queries(matches: Mapping[str, Match]) -> str:
    rows = [
        [name, one.name, *(f"{value:.1f}" for value in (one.latency.p50, one.latency.p95, one.latency.p99))]
        for name, match in matches.items()
        for scored in match.scored
        for one in scored.reports
    ]
    return table(["set", "", "p50 ms", "p95 ms", "p99 ms"], rows)


def _footprint(
    everyone: Sequence[Mapping[str, Any]], latency: Mapping[str, Any], sizes: Mapping[str, float]
) -> str:
    rows = []
    for raw in everyone:
        size = latency.get("install_mb") if raw["system"] == OURS else sizes.get(raw["system"])
        cells = [raw["name"], f"{raw['import_seconds']:.1f}", f"{raw['load_seconds']:.1f}"]
        cells += [f"{size:,.0f}" if size else "–", f"{raw['peak_rss_mb']:,.0f}"]
        rows.append([*cells, f"{raw['load_before']:.1f}" if "load_before" in raw else "–"])
    return table(["", "imports s", "model s", "installed MB", "peak memory MB", "load before"], rows)


def _latency(latency: Mapping[str, Any]) -> str:
    return table(["", "", "bar"], latency["rows"])


def _rate(raw: Mapping[str, Any]) -> float:
    return float(raw["tokens"]["embedded"] / raw["ingest_seconds"])


def _fastest(raws: Iterable[Mapping[str, Any]]) -> float:
    return max((_rate(raw) for raw in raws if raw["system"] != OURS), default=0.0)


def _ratio(rate: float, fastest: float) -> str:
    return f"{rate / fastest:.2f}" if fastest else "–"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
