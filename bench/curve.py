"""What bench/scale.py found, as a section of docs/benchmarks.md and a plot beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.tables import table

TITLE = "## From ten thousand to a million passages"
PLOT = "scale.svg"


def write(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, str], docs: Path) -> None:
    """Replace the section in docs/benchmarks.md, and draw the plot."""
    page = docs / "benchmarks.md"
    text = page.read_text(encoding="utf-8") if page.exists() else "# Benchmarks\n"
    rest = re.sub(rf"\n*{re.escape(TITLE)}\n.*?(?=\n## |\Z)", "", text, flags=re.DOTALL).rstrip()
    page.write_text(f"{rest}\n\n{section(rows, facts)}\n", encoding="utf-8")
    _plot(rows, docs / PLOT)


def section(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, str]) -> str:
    """Return the section: what was done, one table for writing and size, one for searching."""
    names = list(rows[0]["ms"])
    filters = list(rows[0]["recall"])
    return "\n\n".join(
        [
            TITLE,
            "`make bench-scale` grows one library. The first 50,000 passages are real, the rest are two neighbours "
            "joined, in words and in vectors; all vectors are given, so ingest is reading, splitting, the catalog and "
            "the index without the embedder. Searches are whole ones, the query's embedding included, one at a time; "
            "recall@10 is the index's dense search against exact search over the same vectors.",
            "\n".join(f"- {name}: {value}" for name, value in facts.items()),
            f"![How times and sizes grow]({PLOT})",
            table(
                [
                    "passages",
                    "ingest, passages/s",
                    "settling, s",
                    "reopen, s",
                    "server, MB",
                    "index, MB",
                    "catalog, MB",
                    "load",
                ],
                [_sizes(row) for row in rows],
            ),
            table(
                ["p50 / p95, ms", *(f"{row['passages']:,}" for row in rows)], [_times(n, rows) for n in names]
            ),
            table(
                ["recall@10, dense", *(f"{row['passages']:,}" for row in rows)],
                [[name, *(f"{row['recall'][name]:.3f}" for row in rows)] for name in filters],
            ),
        ]
    )


def _sizes(row: Mapping[str, Any]) -> list[str]:
    whole = ("passages", "ingest_rate", "settle_seconds")
    return [
        *(f"{row[name]:,.0f}" for name in whole),
        f"{row['reopen_seconds']:.2f}",
        *(f"{row[name]:,.0f}" for name in ("server_mb", "index_mb", "catalog_mb")),
        f"{row['load_before']:.1f}",
    ]


def _times(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name, *(f"{row['ms'][name]['p50']:.1f} / {row['ms'][name]['p95']:.1f}" for row in rows)]


def _plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Times on the left, sizes on the right, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    times, sizes = figure.subplots(1, 2)
    x = [row["passages"] for row in rows]
    for name in rows[0]["ms"]:
        (line,) = times.plot(x, [row["ms"][name]["p50"] for row in rows], marker="o", label=name)
        times.plot(x, [row["ms"][name]["p95"] for row in rows], "--", color=line.get_color(), alpha=0.5)
    for name, label in (
        ("server_mb", "server, MB"),
        ("index_mb", "index, MB"),
        ("catalog_mb", "catalog, MB"),
    ):
        sizes.plot(x, [row[name] for row in rows], marker="o", label=label)
    sizes.plot(x, [row["ingest_rate"] for row in rows], marker="s", label="ingest, passages/s")
    times.set(title="search, ms: p50 (line) and p95 (dashes)", xlabel="passages", xscale="log")
    sizes.set(title="sizes and ingest", xlabel="passages", xscale="log", yscale="log")
    for axes in (times, sizes):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
