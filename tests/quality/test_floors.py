"""Floors under retrieval quality, with the real embedder, through the library as users call it.

Each floor is about .02 under what was measured when it was set (in the table); a change that falls through one has
made search worse. To raise a floor, measure again: `citewell eval FOLDER`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

import citewell
from citewell.evaluate import Dataset, evaluate, ingest, load
from citewell.model import Mode

SEARCHED: Final = 50
"""Passages for each question; about 40 different documents."""
Floors = dict[Mode, dict[str, float]]

XQUAD: Final[Floors] = {"hybrid": {"nDCG@10": 0.95, "hit@1": 0.91, "hit@5": 0.97}}
"""Measured: .970, .935, .992. Answers to one paragraph each: keywords nearly suffice."""
CRANFIELD: Final[Floors] = {
    "dense": {"nDCG@10": 0.48, "recall@20": 0.55},
    "keyword": {"nDCG@10": 0.49, "recall@20": 0.515},
    "hybrid": {"nDCG@10": 0.54, "recall@20": 0.575},
}
"""Measured: dense .442, .502; keyword .457, .496; hybrid .499, .543. Many relevant abstracts to each question."""


@contextmanager
def library_of(dataset: Dataset, folder: Path) -> Iterator[citewell.Library]:
    try:
        opened = citewell.open(folder / "library", create=True)
    except citewell.MissingExtra as error:
        pytest.skip(f"needs the embedding model: {error}")
    with opened as library:
        ingest(library, dataset)
        yield library


def fallen(library: citewell.Library, folder: Path, floors: Floors) -> dict[str, float]:
    """Return what is under its floor, as measured."""
    found = {mode: evaluate(library, folder, mode=mode, limit=SEARCHED).measures for mode in floors}
    return {
        f"{mode} {name}": found[mode][name].mean
        for mode, least in floors.items()
        for name, floor in least.items()
        if found[mode][name].mean < floor
    }


@pytest.mark.parametrize(("name", "floors"), [("xquad_en", XQUAD), ("cranfield", CRANFIELD)])
def test_search_is_as_good_as_it_was(name: str, floors: Floors, data: Path, tmp_path: Path) -> None:
    with library_of(load(data / name), tmp_path) as library:
        assert fallen(library, data / name, floors) == {}
