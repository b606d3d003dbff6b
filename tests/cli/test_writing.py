"""What a chat model will be asked to write is said first, and a call that fails is one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from citewell import chats
from tests.cli.conftest import Cli
from tests.writing.model import Model, failing, text_of


@pytest.fixture
def model(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return the model that writes contexts for the command line."""
    made = Model(name="writer-1")
    monkeypatch.setattr(
        chats, "chat_of", lambda config, _, costs: costs.chat(made, replace(config, model="local"))
    )
    for name, value in {"CHAT_MODEL": "openai", "EMBED_CONTEXT": "true", "SPLIT_TOKENS": "60"}.items():
        monkeypatch.setenv(f"CITEWELL_{name}", value)
    assert cli("init").code == 0
    return made


def test_add_and_sync_say_calls_and_tokens_before_the_first_call_and_only_what_is_new_counts(
    cli: Cli, home: Path, model: Model
) -> None:
    (home / "docs").mkdir()
    (home / "docs" / "a.txt").write_text(text_of("kettle", "lamp"))
    (home / "b.txt").write_text(text_of("clock", "stove"))
    said = cli("add", "docs", "b.txt")
    assert said.code == 0, said.err
    first = said.err.splitlines()[0]
    assert first.startswith("writer-1: 4 calls, about ")
    assert ", 180 written (at most 2,048)" in first
    assert len(model.asked) == 4
    assert "calls" not in cli("add", "docs", "b.txt").err
    (home / "docs" / "a.txt").write_text(text_of("kettle", "lamp", "iron"))
    assert ": 2 calls, about " in cli("sync").err.splitlines()[0]  # the new passage, and the one before it
    assert len(model.asked) == 6


def test_a_failed_call_is_one_line_and_the_rest_goes_on(cli: Cli, home: Path, model: Model) -> None:
    model.reply = failing("lamp")
    for name in ("kettle", "lamp", "stove"):
        (home / f"{name}.txt").write_text(text_of(name, "iron"))
    said = cli("add", "kettle.txt", "lamp.txt", "stove.txt")
    assert said.code == 11
    assert "failed: lamp.txt: the service is overloaded; try again later" in said.err.splitlines()
    assert "2 added, 1 failed" in said.out


def test_extract_cannot_write_and_the_line_says_what_to_set(
    cli: Cli, home: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWELL_CHAT_MODEL", "extract")
    (home / "a.txt").write_text(text_of("kettle", "lamp"))
    said = cli("add", "a.txt")
    assert said.code == 4
    assert said.err.startswith("error: embed.context")
    assert "set chat.model" in said.err
