"""Reports as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citewell.evaluate.experiment import Comparison, Report

if TYPE_CHECKING:
    from rich.table import Table

CERTAIN = 0.05
"""Below this p-value a difference is shown in bold."""


def report_table(report: Report) -> Table:
    """Return a table of a report: each measure with its 95 % interval, then latency."""
    from rich.table import Table

    table = Table(title=f"{report.dataset} · {report.name}", caption=_counts(report))
    table.add_column("measure")
    table.add_column("mean", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, one in report.measures.items():
        table.add_row(name, f"{one.mean:.3f}", f"{one.low:.3f} – {one.high:.3f}")
    times = report.latency
    table.add_section()
    table.add_row("p50 / p95 / p99 ms", f"{times.p50:.1f}", f"{times.p95:.1f} / {times.p99:.1f}")
    return table


def comparison_table(comparison: Comparison) -> Table:
    """Return a table of two runs: means, difference with its 95 % interval, and p of the paired test."""
    from rich.table import Table

    a, b = comparison.a, comparison.b
    table = Table(title=f"{comparison.dataset} · {a.name} → {b.name}", caption=_counts(a))
    table.add_column("measure")
    for column in (a.name or "a", b.name or "b", "difference", "95 % interval", "p"):
        table.add_column(column, justify="right")
    for name, one in comparison.differences.items():
        delta = f"[bold]{one.delta:+.3f}[/bold]" if one.p < CERTAIN else f"{one.delta:+.3f}"
        means = (f"{a.measures[name].mean:.3f}", f"{b.measures[name].mean:.3f}")
        table.add_row(name, *means, delta, f"{one.low:+.3f} – {one.high:+.3f}", f"{one.p:.4f}")
    table.add_section()
    table.add_row("p50 ms", f"{a.latency.p50:.1f}", f"{b.latency.p50:.1f}")
    table.add_row("p95 ms", f"{a.latency.p95:.1f}", f"{b.latency.p95:.1f}")
    return table


def _counts(report: Report) -> str:
    parts = [f"{report.queries} queries"]
    if report.without_gold:
        parts.append(f"{report.without_gold} more without a relevant document, not scored")
    if report.empty:
        parts.append(f"{report.empty} found nothing (score 0)")
    return "; ".join(parts)
