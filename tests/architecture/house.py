"""The source as the architecture tests see it: modules, what they import, and which room they are in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src"

ROOMS: Final = {
    "model": 0,
    "access": 0,
    "collection": 0,
    "incoming": 0,
    "protocols": 0,
    "prompted": 0,
    "money": 0,
    "hostile": 0,
    "errors": 0,
    "filters": 0,
    "sourced": 0,
    "where": 0,
    "why": 0,
    "conversation": 0,
    "phrases": 0,
    "trace": 0,
    "language": 1,
    "suspicion": 1,
    "split": 1,
    "answer": 1,
    "wire": 1,
    "declared": 1,
    "settings": 1,
    "config": 1,
    "read": 2,
    "prompts": 2,
    "catalog": 2,
    "lock": 2,
    "index": 2.5,
    "providers": 2.5,
    "sources": 2.5,
    "retrieve": 3,
    "learn": 3,
    "evaluate": 3,
    "explain": 4,
    "techniques": 3,
    "cost": 3,
    "composing": 3.4,
    "answering": 3.5,
    "background": 3.5,
    "conversations": 3.5,
    "writing": 3.5,
    "library": 4,
    "parts": 4,
    "ingest": 4,
    "pruning": 4,
    "schedule": 4,
    "storing": 4,
    "prepare": 4,
    "points": 4,
    "quoting": 4,
    "represent": 4,
    "recover": 4,
    "upkeep": 4,
    "commit": 4,
    "jobs": 4,
    "plugins": 5,
    "chats": 5,
    "sourcing": 5,
    "assemble": 5,
    "opening": 5,
    "copying": 5.5,
    "testing": 5,
    "server": 6,
    "deploy": 6,
    "bulk": 6,
    "doctor": 6,
    "client": 6,
    "remote_sources": 6,
    "outgoing": 6,
    "cli": 7,
    "demo": 7,
    "": 5,
}
"""The number of each room, as in ARCHITECTURE.md. A new module belongs into one of them: add it here."""

ADAPTERS: Final = ("index", "providers", "sources")


@dataclass(frozen=True)
class Import:
    """One name (or "" for a whole module) that a module imports, and where. `typing` ones never run."""

    module: str
    name: str
    line: int
    typing: bool


@dataclass(frozen=True)
class Module:
    """One file. `name` is without "citewell.", and "" for the package itself."""

    name: str
    path: Path
    text: str
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def room(self) -> str:
        return self.name.split(".")[0]

    @property
    def own(self) -> list[tuple[str, Import]]:
        """Return the imports of Citewell's own modules, by the module's name."""
        return [
            (one.module.removeprefix("citewell").removeprefix("."), one)
            for one in self.imports
            if one.module.split(".")[0] == "citewell"
        ]

    @property
    def packages(self) -> list[tuple[str, Import]]:
        """Return the imports of others' packages, by dotted name."""
        return [(one.module, one) for one in self.imports if one.module.split(".")[0] != "citewell"]

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package."""
    return tuple(_module(path) for path in sorted((SOURCE / "citewell").rglob("*.py")))


def parse(name: str, text: str, path: Path = SOURCE) -> Module:
    """Return a module of a text."""
    tree = ast.parse(text)
    return Module(name, path, text, tree, tuple(_imports(tree, False)))


def _module(path: Path) -> Module:
    parts = path.relative_to(SOURCE / "citewell").with_suffix("").parts
    return parse(".".join(part for part in parts if part != "__init__"), path.read_text("utf-8"), path)


def _imports(node: ast.AST, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, "", child.lineno, typing) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield from _named(child, typing)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for inner in child.body:
                yield from _imports(ast.Module([inner], []), True)
            for inner in child.orelse:
                yield from _imports(ast.Module([inner], []), typing)
        else:
            yield from _imports(child, typing)


def _named(node: ast.ImportFrom, typing: bool) -> Iterator[Import]:
    module = node.module or ""
    for alias in node.names:
        place = SOURCE / "citewell" / alias.name
        # `from citewell import filters` imports a module, not a name.
        if module == "citewell" and (place.is_dir() or place.with_suffix(".py").exists()):
            yield Import(f"citewell.{alias.name}", "", node.lineno, typing)
        else:
            yield Import(module, alias.name, node.lineno, typing)
