"""Citewell and its peers, one after another, on the same pages, questions and weights.

    python -m bench.run --data FOLDER --sets ray_docs scifact

Each system runs alone, in a process and an environment of its own. Raw results go to .bench/, the tables to
docs/benchmarks.md. `--reuse` keeps raw results that are there already; `--pages N` is for a quick trial.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import machine, tables
from bench.texts import write_passages
from citewell.evaluate import load

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = ("citewell", "llamaindex", "langchain_chroma", "haystack", "txtai")
SETS = ("ray_docs", "scifact", "cranfield")


def main() -> None:
    """Run everything that was asked for, print the ratios, write the page."""
    chosen = _arguments()
    chosen.work.mkdir(parents=True, exist_ok=True)
    facts = machine.facts()
    folders = [_sample(chosen.data / name, chosen.pages, chosen.work) for name in chosen.sets]
    found = {
        folder.name: [_run(chosen, system, folder.name, [str(folder)]) for system in chosen.systems]
        for folder in folders
    }
    same = _same_passages(chosen, folders) if chosen.passages else []
    scored = {folder.name: tables.score(load(folder), found[folder.name]) for folder in folders}
    measured = chosen.work / "latency.json"
    latency = json.loads(measured.read_text()) if measured.exists() else {}
    facts["Command"] = (
        "`python -m bench.run " + " ".join(sys.argv[1:]).replace(str(chosen.data), "DATA") + "`"
    )
    page = tables.page(facts, scored, same, latency, _sizes(chosen.systems))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(page, encoding="utf-8")
    print(page)


def _arguments() -> argparse.Namespace:
    data = os.environ.get("CITEWELL_DATA") or str(ROOT / "../shared/data")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(data), help="folder of BEIR folders")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--passages", type=int, default=2000, help="identical passages to time; 0 for none")
    parser.add_argument(
        "--pages", type=int, default=0, help="only the first N pages of each set, for a trial"
    )
    parser.add_argument("--reuse", action="store_true", help="keep raw results that are there already")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    return parser.parse_args()


def _run(chosen: argparse.Namespace, system: str, label: str, arguments: list[str]) -> dict[str, Any]:
    """Run one system in its own process and wait for it; never two at once."""
    out = chosen.work / f"{label}-{system}.json"
    if not (chosen.reuse and out.exists()):
        print(f"{label}: {system} …", file=sys.stderr, flush=True)
        python = machine.interpreter(ROOT, system)
        command = [python, "-m", "bench.peers", system, *arguments, "--out", str(out)]
        subprocess.run(command, cwd=ROOT, check=True)
    result: dict[str, Any] = json.loads(out.read_text())
    return result


def _same_passages(chosen: argparse.Namespace, folders: list[Path]) -> list[dict[str, Any]]:
    path = chosen.work / "passages.jsonl"
    write_passages(folders, chosen.passages, path)
    return [_run(chosen, system, "passages", ["--passages", str(path)]) for system in chosen.systems]


def _sample(folder: Path, pages: int, work: Path) -> Path:
    """Return the folder, or a copy with its first pages and the questions that they answer."""
    if not pages:
        return folder
    target = work / f"{folder.name}_first_{pages}"
    (target / "qrels").mkdir(parents=True, exist_ok=True)
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[:pages]
    kept = {json.loads(line)["_id"] for line in lines}
    judged = (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line for line in judged[1:] if line.split("\t")[1] in kept]
    (target / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (target / "queries.jsonl").write_bytes((folder / "queries.jsonl").read_bytes())
    (target / "qrels" / "test.tsv").write_text("\n".join([judged[0], *rows]) + "\n", encoding="utf-8")
    return target


def _sizes(systems: list[str]) -> dict[str, float]:
    """Return what each peer's environment weighs, in MB; Citewell's is measured by bench/latency.py."""
    return {system: machine.installed(ROOT / ".venvs" / system) for system in systems if system != "citewell"}


if __name__ == "__main__":
    main()
