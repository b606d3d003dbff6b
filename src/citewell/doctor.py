"""What is installed, what would work, what to do about the rest."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal, TypeAlias

from citewell import plugins
from citewell.errors import CitewellError
from citewell.protocols import Place
from citewell.settings import ChatConfig, Config, SearchConfig

State: TypeAlias = Literal["ok", "warn", "missing"]
GIB: Final = 1024**3
LEAST_FREE: Final = 1 * GIB
OLD_SQLITE: Final = (3, 35, 0)
"""Below this, SQLite lacks what the catalog uses (RETURNING, partial indexes with upsert)."""

NEEDED: Final = {
    "qdrant-edge-py": "the embedded index",
    "onnxruntime": "the embedding model",
    "tokenizers": "the embedding model",
    "kreuzberg": "reading PDF, Office and other formats",
    "sqlalchemy": "the catalog",
    "fastapi": "the server",
}
EXTRAS: Final = {
    "local": (("xllamacpp",), "answers from a GGUF model on this machine"),
    "anthropic": (("anthropic",), "answers from Anthropic's models"),
    "postgres": (("psycopg",), "the catalog on PostgreSQL"),
    "hub": (("huggingface-hub",), "embedders by name"),
    "cohere": (("cohere",), "Cohere's chat, embedding and reranking models"),
    "qdrant": (("qdrant-client",), "an index on a Qdrant server"),
    "pgvector": (("psycopg", "pgvector"), "an index in PostgreSQL"),
    "chroma": (("chromadb",), "an index in Chroma"),
    "pinecone": (("pinecone",), "an index in Pinecone"),
    "weaviate": (("weaviate-client",), "an index in Weaviate"),
    "ray": (("ray", "pyarrow"), "bulk ingest on a Ray cluster"),
    "eval": (("ir-measures", "scipy"), "citewell eval"),
}
HOSTED: Final = {"anthropic": "anthropic", "cohere": "cohere"}
"""The packages of the services that have one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do.

    `needed`: nothing works without it.
    """

    name: str
    state: State
    text: str
    remedy: str = ""
    needed: bool = False


def examine(config: Config) -> list[Finding]:
    """Look at Python, packages, models, index and disk. Opens and changes nothing; a server is asked its name."""
    findings = [_python(), _sqlite(), *_packages(), *_extras()]
    findings += [
        _embedder(config),
        *_reranker(config.search),
        *(_chat(one) for one in plugins.chain(config.chat)),
        _prices(config.cost.prices),
        _prompt(config.chat),
        *_index(config),
        _server(config),
        _disk(config.library.path),
    ]
    return findings


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", found)


def _sqlite() -> Finding:
    import sqlite3

    if sqlite3.sqlite_version_info < OLD_SQLITE:
        return Finding(
            "sqlite", "missing", f"{sqlite3.sqlite_version} is too old", "use a newer Python", True
        )
    return Finding("sqlite", "ok", sqlite3.sqlite_version)


def _packages() -> list[Finding]:
    return [_package(name, use) for name, use in NEEDED.items()]


def _package(name: str, use: str) -> Finding:
    found = _version(name)
    if found is None:
        return Finding(name, "missing", f"not installed; it does {use}", f"pip install {name}", needed=True)
    return Finding(name, "ok", f"{found} ({use})")


def _extras() -> list[Finding]:
    findings = []
    for extra, (names, use) in EXTRAS.items():
        absent = [name for name in names if _version(name) is None]
        if absent:
            text = f"{', '.join(absent)} not installed; needed for {use}"
            findings.append(Finding(f"extra {extra}", "warn", text, f"pip install 'citewell[{extra}]'"))
        else:
            findings.append(Finding(f"extra {extra}", "ok", f"installed ({use})"))
    return findings


def _embedder(config: Config) -> Finding:
    if config.embed.model == "hash":
        return Finding(
            "embedder", "warn", "hash is a stub for tests; it knows no meaning", 'set embed.model = "minilm"'
        )
    if config.embed.model in plugins.KEYS:
        embed = config.embed
        key_env = embed.key_env or plugins.KEYS[embed.model]
        absent = [] if embed.name else ["embed.name"]
        what = f"{embed.name!r} at {embed.url or 'its own address'}"
        return _hosted("embedder", embed.model, absent, what, key_env)
    if config.embed.model == "onnx":
        return _folder(config.embed.path, config.embed.name)
    if config.embed.model != "minilm":
        return Finding("embedder", "ok", f"{config.embed.model} (not checked)")
    from citewell.providers import minilm

    problem = minilm.problem()
    if problem:
        return Finding("embedder", "missing", problem, "run `citewell init`", needed=True)
    return Finding("embedder", "ok", "minilm is here; it was built from weights whose SHA-256 was right")


def _folder(path: Path | None, name: str) -> Finding:
    if path is not None and not path.is_dir():
        text = f"onnx: there is no folder {str(path)!r}"
        return Finding("embedder", "missing", text, "set embed.path to a model's folder", needed=True)
    if path is None and not name:
        text = "onnx: neither embed.path nor embed.name is set"
        return Finding("embedder", "missing", text, "set embed.path to a model's folder", needed=True)
    return Finding("embedder", "ok", f"onnx: {path or name}")


def _reranker(search: SearchConfig) -> list[Finding]:
    if search.rerank is None:
        return []
    if isinstance(search.rerank, str):
        key_env = search.rerank_key_env or plugins.KEYS[search.rerank]
        absent = [] if search.rerank_name else ["search.rerank_name"]
        what = f"{search.rerank_name!r} at {search.rerank_url or 'its own address'}"
        return [_hosted("reranker", search.rerank, absent, what, key_env)]
    if not search.rerank.is_dir():
        text = f"there is no folder {str(search.rerank)!r}"
        return [Finding("reranker", "missing", text, "set search.rerank to a model's folder")]
    return [Finding("reranker", "ok", str(search.rerank))]


def _chat(chat: ChatConfig) -> Finding:
    if chat.model == "extract":
        return Finding("chat", "ok", "extract: answers are quoted passages; no model is configured")
    if chat.model == "local":
        return _local(chat)
    needed = ("url", "name") if chat.model == "openai" else ("name",)
    absent = [f"chat.{name}" for name in needed if not getattr(chat, name)]
    key_env = chat.key_env or plugins.KEYS[chat.model]
    return _hosted("chat", chat.model, absent, f"{chat.name!r} at {chat.url or 'its own address'}", key_env)


def _hosted(name: str, service: str, absent: list[str], what: str, key_env: str) -> Finding:
    """What is missing of a hosted model: a setting, a package, a key. Nothing is sent."""
    package = HOSTED.get(service)
    if package is not None and _version(package) is None:
        text = f"{service}: {package} is not installed"
        return Finding(name, "missing", text, f"pip install 'citewell[{service}]'")
    if absent:
        words = " and ".join(absent)
        return Finding(name, "missing", f"{service}: {words} not set", f"set {words} in citewell.toml")
    if not os.environ.get(key_env):
        text = f"{service}: {what}, and ${key_env} is empty"
        return Finding(name, "warn", text, f"export {key_env}=… unless that server needs no key")
    return Finding(name, "ok", f"{service}: {what}, key from ${key_env}")


def _prompt(chat: ChatConfig) -> Finding:
    """The prompt file in force, compiled and tried."""
    if chat.model == "extract":
        return Finding("prompt", "ok", "none: extract quotes passages and takes no prompt")
    from citewell.answer.render import body_of
    from citewell.prompts import chosen, templates

    try:
        template = body_of(chosen(templates(chat.prompts), chat.prompt)).template
    except CitewellError as error:
        return Finding("prompt", "missing", str(error), "correct it; `citewell prompt list` tries them all")
    return Finding("prompt", "ok", f"{template.used}, {template.origin}")


def _local(chat: ChatConfig) -> Finding:
    if _version("xllamacpp") is None:
        return Finding(
            "chat", "missing", "local: xllamacpp is not installed", "pip install 'citewell[local]'"
        )
    if chat.path is None or not chat.path.is_file():
        shown = None if chat.path is None else str(chat.path)
        return Finding(
            "chat", "missing", f"local: there is no model at {shown!r}", "set chat.path to a GGUF file"
        )
    return Finding("chat", "ok", f"local: {chat.path}")


def _prices(own: Path | None) -> Finding:
    """How old the prices are that costs are counted with."""
    from citewell.cost.costs import age_of
    from citewell.cost.prices import OLD_DAYS, read_prices

    try:
        prices = read_prices(own)
    except CitewellError as error:
        return Finding("prices", "missing", str(error), "correct the file, or unset cost.prices")
    text = f"as of {prices.as_of}, {age_of(prices)} days old" + (f"; {own} first" if own else "")
    if age_of(prices) > OLD_DAYS:
        remedy = (
            "look at the services' price lists; write what changed into a file, and name it in cost.prices"
        )
        return Finding("prices", "warn", text, remedy)
    return Finding("prices", "ok", text)


def _index(config: Config) -> list[Finding]:
    """The store, asked whether it is there; what scores words, and where IDF comes from."""
    index = config.index
    place = Place(
        config.library.path / "index", index.url, index.collection, index.key_env, min(index.timeout, 5)
    )
    try:
        health = plugins.reach(index.store, place)
    except CitewellError as error:
        remedy = (
            "" if index.store == "edge" else "correct [index] in citewell.toml; the catalog has everything"
        )
        return [Finding("index", "missing", f"{index.store}: {error}", remedy, needed=True)]
    if health is None:
        return [Finding("index", "ok", f"{index.store} (not checked)")]
    keyword = Finding("keyword", "ok", f"{health.scorer}; IDF comes from {health.idf}")
    return [Finding("index", "ok", f"{index.store}: {health.store}"), keyword]


def _server(config: Config) -> Finding:
    host, name = config.server.host, config.server.key_env
    if os.environ.get(name):
        return Finding("server", "ok", f"{host}:{config.server.port}, with the key in ${name}")
    if host in ("127.0.0.1", "localhost", "::1"):
        return Finding("server", "ok", f"{host}:{config.server.port}, for this machine only")
    return Finding("server", "missing", f"{host!r} needs a key and ${name} is empty", f"export {name}=…")


def _disk(folder: Path) -> Finding:
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / GIB:.1f} GiB free at {there}"
    if not os.access(there, os.W_OK):
        return Finding(
            "disk", "missing", f"{there} cannot be written", "choose another library.path", needed=True
        )
    if free < LEAST_FREE:
        return Finding("disk", "warn", text, "make room: a library needs about 5 KB for each passage")
    return Finding("disk", "ok", text)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
