"""Which prompt files there are, and the one that is meant by a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citewell.answer.render import body_of
from citewell.answer.template import Template, template_of
from citewell.answer.write import Writer
from citewell.errors import BadInput, NotFound
from citewell.prompted import AS_WRITTEN, Style
from citewell.prompts.examples import Nearest, examples_of

if TYPE_CHECKING:
    from citewell.model import Matrix

BUILT_IN: Final = "built-in"


def templates(folder: Path | None = None) -> list[Template]:
    """Return every prompt file, by name and then version, newest first; a user's replaces a built-in one.

    Their bodies are not looked at. BadInput for a file that cannot be read, or two of one name and version;
    NotFound when there is no such folder.
    """
    found = {one.id: one for one in _built_in()}
    own: dict[str, Template] = {}
    for one in _own(folder) if folder is not None else []:
        if one.id in own:
            raise BadInput(f"{one.origin} and {own[one.id].origin} are both {one.id}; raise one's version")
        own[one.id] = one
    return sorted((found | own).values(), key=lambda one: (one.used.name, -one.used.version))


def chosen(found: Sequence[Template], name: str) -> Template:
    """Return the prompt file that "name" (its newest version) or "name@version" means. NotFound if none is."""
    for one in found:
        if name in (one.used.name, one.id):
            return one
    there = ", ".join(one.id for one in found)
    raise NotFound(f"there is no prompt {name!r}; choose one of {there}, or set chat.prompts to its folder")


def writer_of(
    template: Template, style: Style = AS_WRITTEN, embed: Callable[[Sequence[str]], Matrix] | None = None
) -> Writer:
    """Compile a prompt file, with the examples it names. `embed` gives unit vectors, to find near ones.

    BadInput, with file and line, for what is wrong in either file.
    """
    body = body_of(template)
    if not template.examples_file:
        return Writer(body, style)
    examples = examples_of(template)
    if embed is None:
        raise BadInput(f"{template.origin}: examples are chosen by likeness; open a library to embed them")
    return Writer(body, style, Nearest(examples, embed, template.k))


def _built_in() -> list[Template]:
    there = sorted(files("citewell.prompts").iterdir(), key=lambda one: one.name)
    return [
        template_of(one.read_text(encoding="utf-8"), BUILT_IN + " " + one.name, BUILT_IN)
        for one in there
        if one.name.endswith(".md")
    ]


def _own(folder: Path) -> list[Template]:
    if not folder.is_dir():
        raise NotFound(
            f"there is no folder of prompts {str(folder)!r}; make it, or set chat.prompts to another"
        )
    return [_read(path) for path in sorted(folder.glob("*.md"))]


def _read(path: Path) -> Template:
    try:
        return template_of(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the prompt file {str(path)!r}: {error}; save it as UTF-8") from None
