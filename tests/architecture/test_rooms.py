"""Who may import whom, and what each room may touch: the invariants of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Final

from tests.architecture.house import ADAPTERS, ROOMS, Module, modules, parse

ENTRANCES: Final = ("cli", "demo", "deploy")
NETWORK: Final = {
    "httpx",
    "requests",
    "aiohttp",
    "fastapi",
    "starlette",
    "uvicorn",
    "urllib.request",
    "http.client",
}
REMOTE: Final = ("index.qdrant", "index.weaviate", "index.pinecone", "index.chroma")
DATABASES: Final = {"sqlite3", "sqlalchemy", "psycopg", "psycopg2", "asyncpg", "alembic"}
ENGINES: Final = ("qdrant_edge", "qdrant_client", "chromadb", "pgvector", "psycopg", "pinecone", "weaviate")
OUTSIDE: Final = (
    NETWORK | DATABASES | {"os", "io", "socket", "subprocess", "shutil", "tempfile", "threading", "logging"}
)
FILES: Final = {
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "unlink",
    "mkdir",
    "iterdir",
    "glob",
    "rglob",
}
SQL: Final = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|PRAGMA)\b",
    re.DOTALL,
)


def within(name: str, places: Iterable[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def uses(package: str, forbidden: Iterable[str]) -> bool:
    return within(package, forbidden)


def upward(module: Module) -> list[str]:
    """Return the imports that do not go downward; what is only for types is no import."""
    return [
        f"{module.at(one.line)} imports {target}"
        for target, one in module.own
        if not one.typing
        and target.split(".")[0] != module.room
        and ROOMS[target.split(".")[0]] > ROOMS[module.room]
    ]


def test_every_module_is_in_a_room() -> None:
    assert {module.room for module in modules()} <= ROOMS.keys()


def test_imports_go_downward() -> None:
    assert [line for module in modules() for line in upward(module)] == []


def test_the_check_itself_sees_an_import_that_goes_upward() -> None:
    assert upward(parse("split.new", "def f():\n    from citewell.library import Library\n"))
    assert upward(parse("catalog.new", "from citewell import retrieve\n"))


def test_adapters_do_not_import_each_other() -> None:
    for module in modules():
        if module.room in ADAPTERS:
            others = [target for target, _ in module.own if within(target, ADAPTERS)]
            assert all(within(target, [module.room]) for target in others), module.name


def test_only_the_entrances_import_server_deploy_or_cli() -> None:
    for module in modules():
        for target, one in module.own:
            if within(target, ("server", "deploy", "cli")) and not within(target, [module.room]):
                assert within(module.name, ENTRANCES), module.at(one.line)


def test_only_assemble_takes_a_whole_configuration() -> None:
    may_load = ("assemble", "config", "cli", "demo", "doctor", "deploy")
    for module in modules():
        for target, one in module.own:
            if target == "config" and one.name in ("Config", "Loaded", "load", "") and module.name:
                assert within(module.name, may_load), module.at(one.line)


def test_plugins_and_the_core_import_no_adapter() -> None:
    for module in modules():
        if within(module.name, ("plugins", "library", "retrieve", "answer", "ingest", "explain")):
            assert not [target for target, _ in module.own if within(target, ADAPTERS)], module.name


def test_sql_is_only_in_the_catalog_and_its_kin() -> None:
    for module in modules():
        if within(module.name, ("catalog", "index.pgvector", "sources.sql")):
            continue
        for package, one in module.packages:
            asks_the_version = (module.name, package) == ("doctor", "sqlite3")
            assert asks_the_version or not uses(package, DATABASES), module.at(one.line)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n\n" not in node.value:
                assert not SQL.search(node.value), module.at(node.lineno)


def test_engines_are_only_in_the_index() -> None:
    for module in modules():
        for package, one in module.packages:
            rooms = ["index", "catalog"] if uses(package, ("psycopg",)) else ["index"]
            assert not uses(package, ENGINES) or within(module.name, rooms), module.at(one.line)


def test_adapters_know_nothing_of_the_catalog() -> None:
    for module in modules():
        if module.room in ADAPTERS:
            assert not [target for target, _ in module.own if within(target, ["catalog"])], module.name


def test_http_is_only_at_the_edges() -> None:
    places = ("server", "client", "deploy", "providers", "sources", "trace", *REMOTE)
    for module in modules():
        if not within(module.name, places):
            for package, one in module.packages:
                assert not uses(package, NETWORK), module.at(one.line)


def test_the_lower_rooms_do_no_input_or_output() -> None:
    for module in modules():
        if not module.name or ROOMS[module.room] > 1:
            continue
        for package, one in module.packages:
            assert not uses(package, OUTSIDE), module.at(one.line)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and module.name != "config":
                named = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                assert named not in FILES | {"open", "print", "input"}, module.at(node.lineno)
