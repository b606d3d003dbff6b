"""prompt list, show, diff, try; and that every door says which prompt wrote an answer."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Cli, serving
from tests.providers.stub import said
from tests.providers.stub import serving as model_server

ASKED = "How long does the kettle need to boil one litre of water?"
REPLY = "<reasoning>Passage [1] says it.</reasoning>The kettle boils one litre of water in two minutes [1]."
MINE = """---
name: mine
version: {version}
description: Mine.
---
{{% block system %}}
{rules} Length: {{{{ length }}}}. Think: {{{{ reasoning }}}}.
{{% endblock %}}
{{% block user %}}
{{{{ passages }}}}
{{{{ question }}}}
{{% endblock %}}
"""


@pytest.fixture
def prompts(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of two versions of a prompt, that the configuration names."""
    folder = home / "prompts"
    folder.mkdir()
    for version, rules in ((1, "Be kind."), (2, "Be exact.")):
        (folder / f"mine-{version}.md").write_text(MINE.format(version=version, rules=rules))
    monkeypatch.setenv("CITEWELL_CHAT_PROMPTS", str(folder))
    return folder


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in {"MODEL": "openai", "URL": url, "NAME": "stub", "PROMPT": "mine"}.items():
        monkeypatch.setenv(f"CITEWELL_CHAT_{name}", value)


def test_the_list_names_versions_hashes_and_origins(cli: Cli, prompts: Path) -> None:
    every = cli("prompt", "list", "--json").json["prompts"]
    assert {one["use"] for one in every} == {"answers", "a technique", "ingest"}
    listed = [one for one in every if one["use"] == "answers"]
    assert [(one["name"], one["version"]) for one in listed] == [("answer", 1), ("mine", 2), ("mine", 1)]
    assert listed[0]["origin"] == "built-in"
    assert listed[1]["origin"] == str(prompts / "mine-2.md")
    assert len({one["hash"] for one in listed}) == 3
    plain = cli("prompt", "list")
    assert "mine@2\t" in plain.out
    assert "extract takes no prompt" in plain.err


def test_show_prints_the_file_as_it_is_and_diff_what_changed(cli: Cli, prompts: Path) -> None:
    assert cli("prompt", "show", "mine").out == (prompts / "mine-2.md").read_text()
    changed = cli("prompt", "diff", "mine@1", "mine").out.splitlines()
    assert "-Be kind. Length: {{ length }}. Think: {{ reasoning }}." in changed
    assert "+Be exact. Length: {{ length }}. Think: {{ reasoning }}." in changed
    assert changed[0].startswith("--- mine@1 (")
    assert cli("prompt", "diff", "mine", "mine@2").out == ""
    wrong = cli("prompt", "show", "mien")
    assert (wrong.code, wrong.err.count("\n")) == (3, 1)
    assert "answer@1, " in wrong.err
    assert "mine@2, mine@1" in wrong.err


def test_show_with_a_question_prints_what_would_be_sent(filled: Cli, prompts: Path) -> None:
    shown = filled("prompt", "show", "mine", "--question", ASKED, "--json")
    system, user = shown.json["messages"]
    assert system["content"] == "Be exact. Length: short. Think: False."
    assert user["content"].startswith("<passage>\n[1] Kettle")
    assert user["content"].endswith(ASKED)
    assert "extract takes no prompt" in shown.err


def test_a_broken_file_is_one_line_from_every_command(filled: Cli, prompts: Path) -> None:
    (prompts / "broken.md").write_text("---\nname: broken\nversion: 1\n---\n")
    for words in (("list",), ("show", "mine"), ("diff", "mine", "mine"), ("show", "mine", "--question", "a")):
        done = filled("prompt", *words)
        assert (done.code, done.err.count("broken.md:1: "), done.out) == (2, 1, "")


def test_the_doctor_says_which_prompt_is_in_force_and_what_is_wrong_with_it(
    cli: Cli, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "extract quotes passages and takes no prompt" in cli("doctor").out
    use(monkeypatch, "http://127.0.0.1:1/v1")
    assert f"{prompts / 'mine-2.md'}" in cli("doctor").out
    (prompts / "mine-2.md").write_text(MINE.format(version=2, rules="{{{{ rulse }}}}".format()))
    assert "unknown variable 'rulse'" in cli("doctor").out


def test_try_asks_the_model_and_names_the_prompt(
    filled: Cli, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filled("prompt", "try", "mine", ASKED).code == 4
    with model_server(said(REPLY)) as model:
        use(monkeypatch, model.url)
        tried = filled("prompt", "try", "mine@1", ASKED)
        assert tried.code == 0
        assert "in two minutes [1]." in tried.out
        assert "prompt mine@1 (" in tried.out
        assert model.asked[0][1]["messages"][0]["content"].startswith("Be kind.")
        asked = filled("ask", ASKED, "--json", "--length", "long", "--reasoning").json
        assert model.asked[1][1]["messages"][0]["content"] == "Be exact. Length: long. Think: True."
    assert (asked["prompt"]["name"], asked["prompt"]["version"]) == ("mine", 2)
    assert asked["reasoning"] == "Passage [1] says it."
    assert "reasoning" not in asked["text"]
    assert filled("ask", ASKED, "--length", "tiny").code == 2


def test_the_server_says_which_prompt_it_used_and_takes_a_style(
    filled: Cli, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server(said(REPLY)) as model:
        use(monkeypatch, model.url)
        with serving() as (url, _):
            body = {"question": ASKED, "style": {"length": "normal", "reasoning": True}}
            answer = httpx.post(f"{url}/ask", json=body).json()
            wrong = httpx.post(f"{url}/ask", json={"question": ASKED, "style": {"length": "tiny"}})
            over = filled("ask", ASKED, "--json", "--length", "long").json
        sent = [one[1]["messages"][0]["content"] for one in model.asked]
    assert sent == ["Be exact. Length: normal. Think: True.", "Be exact. Length: long. Think: False."]
    listed = {
        (one["name"], one["version"]): one for one in filled("prompt", "list", "--json").json["prompts"]
    }
    hash_ = listed["mine", 2]["hash"]
    assert answer["prompt"] == over["prompt"] == {"name": "mine", "version": 2, "hash": hash_}
    assert (answer["reasoning"], over["reasoning"]) == ("Passage [1] says it.", "")
    assert wrong.status_code in (400, 422)
