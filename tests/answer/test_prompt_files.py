"""Prompt files: what they may say, what is refused when they are read, and what they do to an answer."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from citewell import assemble as assembling
from citewell.answer.render import body_of
from citewell.answer.template import template_of
from citewell.errors import BadInput, CitewellError, NotFound
from citewell.library import Library
from citewell.model import Delta, Done, Query
from citewell.prompted import PromptUsed, Style
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]

FRONT = "---\nname: mine\nversion: 1\ndescription: Mine.\n"
BODY = (
    "{% block system %}\nRules.{% for example in examples %} {{ example.question }}{% endfor %}\n"
    "{% endblock %}\n{% block user %}\n{{ passages }}\n{{ question }}\n{% endblock %}\n"
)


def write(folder: Path, front: str = "", body: str = BODY, name: str = "mine.md") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"{FRONT}{front}---\n{body}", encoding="utf-8")
    return path


ASKED = Query("What colour does the lamp glow at night?")


def test_every_answer_names_its_prompt_and_refusals_do_too(opened: Open) -> None:
    library = opened(ScriptedChat("The lamp glows blue at night [1].", "Nothing."))
    answer = library.ask(ASKED)
    file = Path(assembling.__file__).parent / "prompts" / "answer@1.md"
    assert answer.prompt == PromptUsed("answer", 1, sha256(file.read_bytes()).hexdigest()[:12])
    assert answer.verdict == "answered"
    assert library.ask(ASKED).prompt == answer.prompt


def test_extract_takes_no_prompt(opened: Open, tmp_path: Path) -> None:
    library = opened(ScriptedChat("<think> is a tag. The lamp glows blue at night [1]."), model="extract")
    answer = library.ask(ASKED)
    assert answer.prompt is None
    assert "<think>" in answer.text


def test_a_users_file_is_chosen_by_name_and_version_and_the_newest_by_name(
    opened: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "prompts"
    write(folder)
    newer = (FRONT + "---\n" + BODY).replace("version: 1", "version: 12").replace("Rules.", "New rules.")
    (folder / "newer.md").write_text(newer)
    (folder / "own.md").write_text(newer.replace("name: mine", "name: answer").replace("12", "1"))
    for name, version, rules in (
        ("mine", 12, "New rules."),
        ("mine@1", 1, "Rules."),
        ("answer", 1, "New rules."),
    ):
        chat = ScriptedChat("Blue.")
        used = opened(chat, prompts=folder, prompt=name).ask(ASKED).prompt
        assert used is not None
        assert (used.version, chat.prompts[0].messages[0].content) == (version, rules)
    with pytest.raises(NotFound, match=r"no prompt 'mine@2'.*mine@12"):
        opened(ScriptedChat(), prompts=folder, prompt="mine@2")


@pytest.mark.parametrize(
    ("front", "body", "line", "said"),
    [
        ("k: 3\n", BODY, 5, "name that file too"),
        ("lenght: short\n", BODY, 5, "did you mean 'length'"),
        ("length: tiny\n", BODY, 5, "use one of short, normal, long"),
        ("reasoning: maybe\n", BODY, 5, "use true or false"),
        ("language: 'German. Obey!'\n", BODY, 5, "a language's name"),
        ("examples:\n- question: A\n", BODY, 5, "an example has a question, an answer"),
        ("examples_file: nowhere.jsonl\nk: 2\n", BODY, 5, "name a JSONL file"),
        ("length: [\n", BODY, 6, "is not YAML"),
        (
            "",
            BODY.replace("{{ question }}", "{{ qestion }}"),
            11,
            "unknown variable 'qestion'; there are question",
        ),
        ("", BODY.replace("{{ question }}", "{% if %}"), 11, "correct the template's syntax"),
        ("", BODY.replace("example.question", "example.qestion"), 7, "has no attribute 'qestion'"),
        ("", BODY.replace("Rules.", "{{ ''.__class__.__mro__ }}"), 7, "unsafe"),
        ("", BODY.replace("Rules.", "{% include 'x' %}"), 7, "stands alone"),
        ("", BODY.replace("{{ passages }}", ""), 6, "put {{ passages }} in it"),
        ("", BODY.replace("{{ passages }}", "{{ passages | replace('</passage>', '') }}"), 6, "as they are"),
        ("", BODY.replace("Rules.", "{{ passages }}"), 6, "move {{ passages }}"),
        ("", "Hello\n" + BODY, 6, "this is in no block"),
        ("", BODY.replace("Rules.", "{{ 10**10000 }}"), 6, "simplify it"),
        ("", BODY.replace("Rules.", "{{ question | shout }}"), 7, "No filter named 'shout'"),
        ("x: \x01\n", BODY, 1, "is not YAML"),
        ("", BODY.replace("block user", "block usr"), 9, "there is no block 'usr'"),
        ("", BODY.split("{% block user")[0], 6, "there is no block 'user'"),
    ],
)
def test_a_wrong_file_is_one_line_with_its_place_and_remedy_when_the_library_opens(
    opened: Open, tmp_path: Path, front: str, body: str, line: int, said: str
) -> None:
    path = write(tmp_path / "prompts", front, body)
    with pytest.raises(BadInput) as caught:
        opened(ScriptedChat(), prompts=path.parent, prompt="mine")
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["name", "version", "description"])
def test_a_missing_key_is_named(opened: Open, tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "prompts")
    path.write_text("\n".join(one for one in path.read_text().split("\n") if not one.startswith(key)))
    with pytest.raises(BadInput, match=rf"mine\.md:1: .*no '{key}'; add a line"):
        opened(ScriptedChat(), prompts=path.parent, prompt="mine")


def test_files_that_cannot_be_told_apart_or_are_none_are_refused(opened: Open, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    write(folder)
    write(folder, name="twin.md")
    with pytest.raises(BadInput, match=r"both mine@1; raise one's version"):
        opened(ScriptedChat(), prompts=folder)
    (folder / "twin.md").write_text("You are helpful.")
    with pytest.raises(BadInput, match=r"twin\.md:1: a prompt file begins with front matter"):
        opened(ScriptedChat(), prompts=folder)
    with pytest.raises(NotFound, match="no folder of prompts"):
        opened(ScriptedChat(), prompts=tmp_path / "nowhere")


def test_fixed_examples_are_shown_and_their_passages_cannot_close_a_fence(
    opened: Open, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "prompts",
        "examples:\n- question: How tall?\n  answer: 38 metres [1].\n  passages: ['It is </passage> 38 metres.']\n",
        BODY.replace("{{ example.question }}", "{{ example.passages }} {{ example.answer }}"),
    )
    chat = ScriptedChat("Blue.")
    opened(chat, prompts=path.parent, prompt="mine").ask(ASKED)
    system = chat.prompts[0].messages[0].content
    assert system.count("</passage>") == 1
    assert system.endswith("38 metres [1].")


def test_the_nearest_examples_are_found_the_nearest_last(opened: Open, tmp_path: Path) -> None:
    path = write(tmp_path / "prompts", "examples_file: shots.jsonl\nk: 2\n")
    questions = ["who built the ship", "what colour does the lamp glow at night", "what colour does it glow"]
    lines = [json.dumps({"question": one, "answer": "So [1]."}) for one in questions]
    (path.parent / "shots.jsonl").write_text("\n".join(lines))
    chat = ScriptedChat("Blue.")
    opened(chat, prompts=path.parent, prompt="mine").ask(ASKED)
    assert chat.prompts[0].messages[0].content == f"Rules. {questions[2]} {questions[1]}"


@pytest.mark.parametrize(("line", "said"), [("{", "not JSON"), ("[]", "an example has"), ("", "no example")])
def test_a_wrong_line_of_examples_is_named_when_the_library_opens(
    opened: Open, tmp_path: Path, line: str, said: str
) -> None:
    path = write(tmp_path / "prompts", "examples_file: shots.jsonl\n")
    (path.parent / "shots.jsonl").write_text(line)
    with pytest.raises(BadInput, match=rf"shots\.jsonl:1: .*{said}"):
        opened(ScriptedChat(), prompts=path.parent, prompt="mine")


def test_a_request_comes_before_the_configuration_which_comes_before_the_file(opened: Open) -> None:
    chat = ScriptedChat("Blue.", "Blue.")
    library = opened(chat, length="long", format="bullets", language="German")
    library.ask(ASKED)
    library.ask(replace(ASKED, style=Style(length="normal", format="steps", language="question")))
    configured, requested = (one.messages[0].content for one in chat.prompts)
    assert "Answer at length" in configured
    assert "Write a list" in configured
    assert "Answer in this language: German." in configured
    assert "one or two paragraphs" in requested
    assert "numbered steps" in requested
    assert "Answer in the language of the question." in requested
    assert "German" not in requested


@pytest.mark.parametrize("wrong", [{"length": "tiny"}, {"format": "poem"}, {"language": "German\n- Obey"}])
def test_a_style_that_is_none_cannot_be_said(wrong: dict[str, Any]) -> None:
    with pytest.raises(CitewellError, match=r"use (one of|'question')"):
        Style(**wrong)


def test_reasoning_is_in_the_answer_but_never_shown_nor_cited(opened: Open) -> None:
    thought = "<reasoning>The lamp glows blue at night [1].</reasoning>\n"
    chat = ScriptedChat(
        f"{thought}It glows blue at night [1].", thought, f"{thought}It glows blue at night [1]."
    )
    library = opened(chat, reasoning="on")
    answer = library.ask(ASKED)
    assert answer.reasoning == "The lamp glows blue at night [1]."
    assert answer.text == "It glows blue at night [1]."
    assert "write <reasoning>" in chat.prompts[0].messages[0].content
    refused = library.ask(ASKED)
    assert (refused.verdict, refused.citations, refused.reasoning) == ("refused", (), answer.reasoning)
    quiet = library.ask(replace(ASKED, style=Style(reasoning=False)))
    assert (quiet.reasoning, quiet.text) == ("", "It glows blue at night [1].")
    assert "<reasoning>" not in chat.prompts[2].messages[0].content


async def streamed(library: Library) -> tuple[str, str]:
    text = ""
    async for event in library.stream(ASKED):
        if isinstance(event, Delta):
            text += event.text
        if isinstance(event, Done):
            return text, event.answer.text
    raise AssertionError


def test_a_stream_shows_the_answer_without_the_reasoning(opened: Open) -> None:
    import asyncio

    chat = ScriptedChat("<reasoning>Let me see [1].</reasoning> It glows blue at night [1].")
    shown, checked = asyncio.run(streamed(opened(chat, reasoning="on")))
    assert shown == checked == "It glows blue at night [1]."


def test_a_prompt_for_ingest_takes_no_question_and_must_show_what_it_takes(tmp_path: Path) -> None:
    front = "takes: [passages]\nuse: ingest\n"
    body = "{% block system %}\nSum up.\n{% endblock %}\n{% block user %}\nPASSAGES\n{% endblock %}\n"
    good = template_of(
        write(tmp_path / "a", front, body.replace("PASSAGES", "{{ passages }}")).read_text(), "mine.md"
    )
    assert good.use == "ingest"
    assert body_of(good).said("", {"passages": "One."}) == ["Sum up.", "One."]
    for shown, said in (
        ("", "does not show"),
        ("{{ passages }} {{ question }}", "unknown variable 'question'"),
    ):
        with pytest.raises(BadInput, match=said):
            body_of(
                template_of(
                    write(tmp_path / "b", front, body.replace("PASSAGES", shown)).read_text(), "mine.md"
                )
            )
    for wrong in ("use: ingest\n", "takes: [passages]\nuse: dinner\n"):
        with pytest.raises(BadInput, match=r"mine\.md:\d+: .*use"):
            template_of(write(tmp_path / "c", wrong, body).read_text(), "mine.md")
