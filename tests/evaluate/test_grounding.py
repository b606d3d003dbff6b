"""Labelled claims in, balanced accuracy and AUROC out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="needs the extra eval")

from citewell.answer.score import grounded
from citewell.errors import BadInput
from citewell.evaluate import measure_grounding, read_pairs
from citewell.evaluate.grounding import judged
from tests.cli.conftest import Cli, cli, home  # noqa: F401

GOOD = {
    "context": "The mill was built in 1874 by Agnes Mallory.",
    "claim_or_answer": "Agnes Mallory built it.",
    "label": 1,
}
BAD = {"context": "The mill was built in 1874.", "claim_or_answer": "Dogs guard the harbour.", "label": 0}


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_measures_are_those_of_the_definitions() -> None:
    accuracy, area = judged([0.9, 0.4, 0.6, 0.1], [True, True, False, False], 0.5)
    assert (accuracy.mean, area.mean) == (0.5, 0.75)
    assert accuracy.low <= accuracy.mean <= accuracy.high
    assert judged([0.5, 0.5], [True, False], 0.5)[1].mean == 0.5


def test_a_supported_claim_scores_above_one_that_is_not(tmp_path: Path) -> None:
    pairs = read_pairs(write(tmp_path / "small.jsonl", GOOD, "", BAD))
    found = measure_grounding("small", pairs, grounded, 0.5)
    assert (found.claims, found.supported, found.auroc.mean, found.balanced_accuracy.mean) == (2, 1, 1.0, 1.0)
    assert found.milliseconds > 0


def test_other_words_lower_a_score_and_nothing_scores_nothing() -> None:
    context = "The lamp was converted from oil to electricity in 1931. Its tower is 38 metres tall."
    right = grounded("The lamp was converted to electricity in 1931.", context)
    assert right > 0.5 > grounded("The lamp was stolen by sailors in 1950.", context)
    assert right > grounded("I think the lamp was converted to electricity in 1931.", context)
    assert grounded("…", context) == grounded("The lamp.", "") == 0.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: '[1]' is not an object"),
        (BAD | {"label": "yes"}, "line 2: label is 'yes'; it must be 1"),
        (BAD | {"label": True}, "line 2: label is True"),
        (BAD | {"context": " "}, "line 2: context is ' '"),
        ({"context": "x", "label": 0}, "line 2: claim_or_answer is None"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, said: str) -> None:
    path = write(tmp_path / "set.jsonl", GOOD, line)
    with pytest.raises(BadInput) as raised:
        read_pairs(path)
    assert str(raised.value).startswith(f"{path}, {said}")


def test_one_label_alone_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="1 claims, all with one label"):
        read_pairs(write(tmp_path / "set.jsonl", GOOD))
    with pytest.raises(BadInput, match="cannot be read"):
        read_pairs(tmp_path / "nowhere.jsonl")


def test_the_command_prints_sets_and_their_average(cli: Cli, home: Path) -> None:  # noqa: F811
    (home / "sets").mkdir()
    write(home / "sets" / "a.jsonl", GOOD, BAD)
    write(home / "sets" / "b.jsonl", BAD, GOOD)
    found = cli("eval", "grounding", "sets", "--json").json
    assert [one["name"] for one in found["sets"]] == ["a", "b"]
    assert found["average"]["auroc"] == 1.0
    table = cli("eval", "grounding", "sets/a.jsonl", "sets/b.jsonl").out
    assert "AUROC" in table
    assert "average" in table
    write(home / "sets" / "c.jsonl", "{")
    wrong = cli("eval", "grounding", "sets")
    assert wrong.code == 2
    assert "c.jsonl, line 1: not JSON" in wrong.err
    assert cli("eval", "sets", "other").code == 2
