"""A prompt file: YAML front matter, then a Jinja2 body with a block `system` and a block `user`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import sha256
from typing import Any, Final

from citewell.errors import BadInput
from citewell.prompted import ASKERS, FORMATS, LENGTHS, PromptUsed, Style

_FRONT: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*\n", re.DOTALL | re.MULTILINE)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
REQUIRED: Final = ("name", "version", "description")
OPTIONAL: Final = (
    "length",
    "format",
    "language",
    "reasoning",
    "examples",
    "examples_file",
    "k",
    "takes",
    "use",
)
TAKEN: Final = ("answer", "choices", "conversation", "document", "fields", "notes", "passages")
"""What a technique's prompt may take beside the question; one of `use: ingest` takes no question."""
MOST_EXAMPLES: Final = 50


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the answer that it should get, and perhaps the passages that this answer cites."""

    question: str
    answer: str
    passages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt file, read. `origin` is its path, or "built-in"; `line` is the 1-based line of the body's first.

    `examples` are always shown; of those in `examples_file` (relative to the prompt file), the `k` nearest.
    `takes` is None for a prompt that writes answers; a technique's names what it is given beside the question.
    """

    used: PromptUsed
    description: str
    origin: str
    text: str = field(repr=False)
    body: str = field(repr=False)
    line: int
    style: Style
    examples: tuple[Example, ...] = ()
    examples_file: str = ""
    k: int = 0
    takes: tuple[str, ...] | None = None
    at_ingest: bool = False

    @property
    def id(self) -> str:
        return f"{self.used.name}@{self.used.version}"

    @property
    def use(self) -> str:
        """Return what it is for: "answers", "a technique" or "ingest"."""
        if self.at_ingest:
            return "ingest"
        return "answers" if self.takes is None else "a technique"


@dataclass(frozen=True, slots=True)
class Front:
    """Front matter with the place that messages name."""

    values: Mapping[str, Any]
    lines: tuple[str, ...]
    place: str

    def wrong(self, key: str, said: str) -> BadInput:
        starts = (n for n, line in enumerate(self.lines, 2) if re.match(rf"{re.escape(key)}\s*:", line))
        return BadInput(f"{self.place}:{next(starts, 1)}: {said}")

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> Any:
        value = self.values.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"{key} is {value!r}; use one of {', '.join(allowed)}")
        return value


def template_of(text: str, place: str, origin: str = "") -> Template:
    """Read a prompt file's text; `place` is what messages call it. BadInput names file, line and remedy."""
    text = text.replace("\r\n", "\n")
    match = _FRONT.match(text)
    if match is None:
        raise BadInput(
            f"{place}:1: a prompt file begins with front matter; put name, version and description between "
            "two lines '---' at its top"
        )
    front = _front(match[1], place)
    used = PromptUsed(_name(front), _whole(front, "version", 1, 1_000_000), digest(text))
    examples = _examples(front)
    file = front.values.get("examples_file", "")
    if not isinstance(file, str):
        raise front.wrong("examples_file", f"examples_file is {file!r}; use a path from this file's folder")
    if "k" in front.values and not file:
        raise front.wrong("k", "k is how many examples are taken from examples_file; name that file too")
    k = _whole(front, "k", 1, MOST_EXAMPLES, 3) if file else 0
    line = match[0].count("\n") + 1
    body = text[match.end() :]
    return Template(
        used,
        _description(front),
        origin or place,
        text,
        body,
        line,
        _style(front),
        examples,
        file,
        k,
        _takes(front),
        _at_ingest(front),
    )


def digest(text: str) -> str:
    """Return the first 12 hex digits of a text's SHA-256."""
    return sha256(text.encode()).hexdigest()[:12]


def example_of(value: object, place: str) -> Example:
    """Read an example: an object with question, answer and, if wanted, passages. BadInput names the place."""
    keys = value if isinstance(value, Mapping) else {}
    passages = keys.get("passages", [])
    texts = [keys.get("question"), keys.get("answer"), *(passages if isinstance(passages, list) else [None])]
    if not all(isinstance(one, str) and one.strip() for one in texts):
        raise BadInput(f"{place}: an example has a question, an answer and perhaps a list of passages: texts")
    for key in keys:
        if key not in ("question", "answer", "passages"):
            raise BadInput(f"{place}: an example has no {key!r}; it has question, answer and passages")
    return Example(texts[0], texts[1], tuple(texts[2:]))


def _front(text: str, place: str) -> Front:
    import yaml  # type: ignore[import-untyped,unused-ignore]

    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        said = " ".join((getattr(error, "problem", None) or str(error)).split())
        raise BadInput(f"{place}:{line}: the front matter is not YAML ({said}); correct it there") from None
    if not isinstance(values, dict):
        raise BadInput(f"{place}:2: the front matter holds no keys; give it {', '.join(REQUIRED)}")
    front = Front(values, tuple(text.splitlines()), place)
    for key in values:
        if key not in (*REQUIRED, *OPTIONAL):
            near = get_close_matches(str(key), (*REQUIRED, *OPTIONAL), n=1, cutoff=0.55)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join((*REQUIRED, *OPTIONAL))}"
            raise front.wrong(str(key), f"unknown key {key!r}; {hint}")
    for key in REQUIRED:
        if values.get(key) in (None, ""):
            raise front.wrong(key, f"the front matter has no {key!r}; add a line '{key}: …'")
    return front


def _name(front: Front) -> str:
    name = front.values["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise front.wrong("name", f"name is {name!r}; use small letters, digits, '-' and '_', a letter first")
    return name


def _description(front: Front) -> str:
    return " ".join(str(front.values["description"]).split())


def _whole(front: Front, key: str, least: int, most: int, default: int = 0) -> int:
    value = front.values.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise front.wrong(key, f"{key} is {value!r}; use a whole number from {least} to {most}")
    return value


def _style(front: Front) -> Style:
    language, reasoning = front.values.get("language", ASKERS), front.values.get("reasoning", False)
    if not isinstance(language, str) or not language:
        raise front.wrong("language", f"language is {language!r}; use 'question' or a language's name")
    if not isinstance(reasoning, bool):
        raise front.wrong("reasoning", f"reasoning is {reasoning!r}; use true or false")
    length, form = front.choice("length", LENGTHS, "short"), front.choice("format", FORMATS, "prose")
    try:
        return Style(length, form, language, reasoning)
    except BadInput as error:
        raise front.wrong("language", str(error)) from None


def _takes(front: Front) -> tuple[str, ...] | None:
    listed = front.values.get("takes")
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(one in TAKEN for one in listed):
        raise front.wrong("takes", f"takes is {listed!r}; use a list of {', '.join(TAKEN)}")
    for key in ("length", "format", "language", "reasoning", "examples", "examples_file"):
        if key in front.values:
            raise front.wrong(key, f"{key} is for prompts that write answers; one with 'takes' does not")
    return tuple(listed)


def _at_ingest(front: Front) -> bool:
    if "use" not in front.values:
        return False
    front.choice("use", ("ingest",), "ingest")
    if not front.values.get("takes"):
        raise front.wrong("use", "a prompt with use: ingest says what it takes; add takes: [passages]")
    return True


def _examples(front: Front) -> tuple[Example, ...]:
    listed = front.values.get("examples") or []
    if not isinstance(listed, list) or len(listed) > MOST_EXAMPLES:
        raise front.wrong("examples", f"examples is a list of at most {MOST_EXAMPLES}; write them as one")
    line = next((n for n, text in enumerate(front.lines, 2) if text.startswith("examples:")), 1)
    return tuple(
        example_of(one, f"{front.place}:{line}: example {n}") for n, one in enumerate(listed, start=1)
    )
