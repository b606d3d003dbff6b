"""A prompt file's body, compiled once in a sandbox and tried at once with every choice it may meet. Pure.

Jinja2 is loaded when the first body is compiled, never for `extract`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from citewell.answer.prompt import REFUSAL, fenced
from citewell.answer.template import Example, Template
from citewell.errors import BadInput
from citewell.prompted import ASKERS, FORMATS, LENGTHS, Style

if TYPE_CHECKING:
    from jinja2 import Template as Compiled
    from jinja2.sandbox import SandboxedEnvironment

BLOCKS: Final = ("system", "user")
VARIABLES: Final = (
    "question",
    "passages",
    "notes",
    "examples",
    "refusal",
    "length",
    "format",
    "language",
    "reasoning",
)
FAILURES: Final = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)
"""What an expression of a template may end in, beside Jinja2's own errors."""
_QUESTION: Final = "Is qz7 a question?"
_PASSAGES: Final = fenced(1, "Title > Heading", "The text of qz7.")


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled body. Safe to share between threads."""

    template: Template
    compiled: Compiled

    def __call__(
        self, question: str, passages: str, style: Style, examples: Sequence[Example], notes: str = ""
    ) -> list[str]:
        """Return the text of the block `system` and that of the block `user` of a prompt that writes answers."""
        values = {
            "question": question.strip(),
            "passages": passages,
            "notes": notes,
            "examples": [_shown(one) for one in examples],
            "refusal": REFUSAL,
            "length": style.length,
            "format": style.format,
            "language": style.language,
            "reasoning": bool(style.reasoning),
        }
        return [self._block(name, values) for name in BLOCKS]

    def said(self, question: str, values: Mapping[str, str]) -> list[str]:
        """Return the texts of both blocks of a technique's prompt; `values` has what it takes."""
        return [self._block(name, {"question": question.strip(), **values}) for name in BLOCKS]

    def _block(self, name: str, values: Mapping[str, Any]) -> str:
        from jinja2 import TemplateError

        context = self.compiled.new_context(dict(values))
        try:
            return "".join(self.compiled.blocks[name](context)).strip()
        except (*FAILURES, TemplateError) as error:
            raise _wrong(self.template, self._line(error), f"{error}; correct the block {name!r}") from None

    def _line(self, error: BaseException) -> int:
        """Return the line of the body in which an error arose."""
        line, trace = 1, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.compiled.filename:
                line = self.compiled.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


def body_of(template: Template) -> Body:
    """Compile a prompt file's body and try it. BadInput names file, line and remedy."""
    from jinja2 import Template as Compiled
    from jinja2 import TemplateSyntaxError

    environment = _environment()
    try:
        tree = environment.parse(template.body)
        _check(template, tree)
        code = environment.compile(tree, template.id, f"<prompt {template.id}>")
    except TemplateSyntaxError as error:
        raise _wrong(
            template, error.lineno, f"{error.message}; correct the template's syntax there"
        ) from None
    except (ValueError, ArithmeticError, RecursionError) as error:  # of constants and of depth
        raise _wrong(template, 1, f"the body cannot be compiled ({error}); simplify it") from None
    compiled = Compiled.from_code(environment, code, environment.make_globals(None))
    body = Body(template, compiled)
    if template.takes is not None:
        samples = {name: f"The {name} of qz7." for name in template.takes}
        asked = {} if template.at_ingest else {"question": _QUESTION}
        _check_shown(template, body.said(_QUESTION, samples), {**asked, **samples})
        return body
    for question, passages, style, examples in _trials():
        for notes in ("", "A note."):
            written = body(question, passages, style, examples, notes)
            _check_shown(template, written, {"passages": _PASSAGES, "question": _QUESTION})
    return body


def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.globals = {"range": environment.globals["range"]}
    return environment


def _check(template: Template, tree: Any) -> None:
    """Refuse what is outside the two blocks, and variables that no question gives a value."""
    from jinja2 import meta, nodes

    blocks = [node for node in tree.body if isinstance(node, nodes.Block)]
    for node in tree.body:
        if node not in blocks and not _is_space(node):
            raise _wrong(template, node.lineno, "this is in no block; put it into 'system' or 'user'")
    for block in blocks:
        if block.name not in BLOCKS:
            raise _wrong(template, block.lineno, f"there is no block {block.name!r}; use 'system' and 'user'")
    for name in BLOCKS:
        if name not in [block.name for block in blocks]:
            raise _wrong(
                template,
                1,
                f"there is no block {name!r}; add {{% block {name} %}} … {{% endblock %}}",
            )
    known = (
        VARIABLES
        if template.takes is None
        else (*([] if template.at_ingest else ["question"]), *template.takes)
    )
    unknown = meta.find_undeclared_variables(tree) - {*known, "range"}
    used = [node for node in tree.find_all(nodes.Name) if node.name in unknown]
    for node in sorted(used, key=lambda node: node.lineno):
        raise _wrong(template, node.lineno, f"unknown variable {node.name!r}; there are {', '.join(known)}")
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        raise _wrong(template, node.lineno, "a prompt file stands alone; write here what it would include")


def _is_space(node: Any) -> bool:
    from jinja2 import nodes

    parts = node.nodes if isinstance(node, nodes.Output) else [node]
    return all(isinstance(one, nodes.TemplateData) and not one.data.strip() for one in parts)


def _trials() -> Iterator[tuple[str, str, Style, list[Example]]]:
    """Yield every choice that a body may branch on."""
    some = [Example("A?", "B [1].", ("B.",)), Example("C?", "D.")]
    for length, form, language, reasoning, examples in product(
        LENGTHS, FORMATS, (ASKERS, "German"), (False, True), ([], some)
    ):
        style = Style(length, form, language, reasoning)  # type: ignore[arg-type]
        yield _QUESTION, _PASSAGES, style, examples


def _check_shown(template: Template, written: Sequence[str], samples: Mapping[str, str]) -> None:
    """What is quoted stays with the user, as it is: rules and data are kept apart."""
    system, user = written
    for name, sample in samples.items():
        if sample not in user:
            raise _wrong(
                template, 1, f"the block 'user' does not show them as they are; put {{{{ {name} }}}} in it"
            )
        if sample in system and name != "question":
            raise _wrong(
                template,
                1,
                f"the block 'system' shows the {name}; move {{{{ {name} }}}} to the block 'user'",
            )


def _shown(example: Example) -> Mapping[str, str]:
    numbered = enumerate(example.passages, start=1)
    passages = "\n\n".join(fenced(number, "Example", text) for number, text in numbered)
    return {"question": example.question, "answer": example.answer, "passages": passages}


def _wrong(template: Template, line: int, said: str) -> BadInput:
    return BadInput(f"{template.origin}:{template.line + line - 1}: {' '.join(said.split())}")
