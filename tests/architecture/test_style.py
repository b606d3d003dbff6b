"""What is true of every file: sizes, exceptions, and nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.house import ROOT, Module, modules, parse

EDGES: Final = ("server.", "jobs", "schedule", "ingest", "bulk.connect.")
"""Where anything that was raised is caught: it is answered, recorded or handed over, never lost."""
LONGEST_FILE: Final = 350
LONGEST_FUNCTION: Final = 60
FOLDERS: Final = ("src", "tests", "bench", "docs", ".github", ".ci")
OF_ONE_MACHINE: Final = re.compile(
    r"/(?:home|Users|root|work|mnt)/\w|/tmp/\w/|[A-Z]:\\\\Users"
    r"|(?:extra-)?index-url|https?://(?:[\w.-]+\.)?(?:pypi\.org|pythonhosted\.org)|registry\.npmjs"
)


def swallowed(module: Module) -> Iterator[str]:
    """Yield the handlers that catch too much, or lose what they catch."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = {"BaseException"} if node.type is None else {ast.unparse(one) for one in _types(node.type)}
        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        at_the_edge = f"{module.name}.".startswith(EDGES)
        if "Exception" in caught and not at_the_edge:
            yield f"{module.at(node.lineno)} catches everything"
        if "BaseException" in caught and not (raises or at_the_edge):
            yield f"{module.at(node.lineno)} keeps KeyboardInterrupt from ending the program"
        if caught & {"Exception", "BaseException"} and all(isinstance(one, ast.Pass) for one in node.body):
            yield f"{module.at(node.lineno)} swallows"
        if node.type is None:
            yield f"{module.at(node.lineno)} does not say what it catches"


def _types(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def test_no_exception_is_swallowed() -> None:
    assert [line for module in modules() for line in swallowed(module)] == []


@pytest.mark.parametrize("caught", ["except:", "except Exception:", "except (OSError, Exception):"])
def test_the_check_itself_sees_what_swallows(caught: str) -> None:
    assert list(swallowed(parse("library", f"try:\n    f()\n{caught}\n    pass\n")))


def test_nothing_is_passed_over_in_silence() -> None:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler):
                assert not all(isinstance(one, ast.Pass) for one in node.body), module.at(node.lineno)


def test_no_file_is_longer_than_can_be_read() -> None:
    long = {module.name: lines for module in modules() if (lines := module.text.count("\n")) > LONGEST_FILE}
    assert long == {}


def test_no_function_is_longer_than_can_be_read() -> None:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, module.at(node.lineno)


def test_every_module_says_what_it_is_for() -> None:
    assert [
        module.name for module in modules() if module.text.strip() and not ast.get_docstring(module.tree)
    ] == []


def files() -> list[Path]:
    """Return the files of the project: as git lists them, or all where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [
        path for path in [*inside, *ROOT.glob("*.*")] if path.is_file() and "__pycache__" not in path.parts
    ]


def test_no_file_names_a_machine_or_a_registry() -> None:
    here = Path(__file__)
    for path in files():
        text = path.read_bytes().decode("utf-8", "replace") if path != here else ""
        found = OF_ONE_MACHINE.search(text)
        assert found is None, f"{path.relative_to(ROOT)}: {found[0]!r}"
