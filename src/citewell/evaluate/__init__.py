"""How good is it, and is that difference real? BEIR folders in, measures with confidence intervals out."""

from citewell.evaluate.beir import Dataset, Record, load
from citewell.evaluate.experiment import (
    Comparison,
    Latency,
    Report,
    Run,
    compare,
    pages,
    report,
    run,
)
from citewell.evaluate.grounding import (
    Grounding,
    grounding_table,
    measure_grounding,
    read_pairs,
    summary,
)
from citewell.evaluate.library import Ingested, evaluate, ingest, run_library
from citewell.evaluate.table import comparison_table, report_table

__all__ = [
    "Comparison",
    "Dataset",
    "Grounding",
    "Ingested",
    "Latency",
    "Record",
    "Report",
    "Run",
    "compare",
    "comparison_table",
    "evaluate",
    "grounding_table",
    "ingest",
    "load",
    "measure_grounding",
    "pages",
    "read_pairs",
    "report",
    "report_table",
    "run",
    "run_library",
    "summary",
]
