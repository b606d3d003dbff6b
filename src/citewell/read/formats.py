"""The table of formats: endings and first bytes -> media type -> how it is read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

# kind: what `fields["type"]` says; native: parsed by a library in the bounded process.
TEXTUAL: Final = {
    "text/markdown": "markdown",
    "text/x-rst": "rst",
    "text/plain": "text",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "text/x-source": "code",
}
WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SLIDES: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NATIVE: Final = {
    "application/pdf": "pdf",
    WORD: "docx",
    SLIDES: "pptx",
    SHEET: "xlsx",
    "application/epub+zip": "epub",
    "text/html": "html",
    "message/rfc822": "email",
    "application/x-ipynb+json": "notebook",
}
ENDINGS: Final = {
    "md": "text/markdown", "markdown": "text/markdown", "mdx": "text/markdown",
    "rst": "text/x-rst", "rest": "text/x-rst",
    "txt": "text/plain", "text": "text/plain", "log": "text/plain", "adoc": "text/plain", "": "text/plain",
    "html": "text/html", "htm": "text/html", "xhtml": "text/html",
    "pdf": "application/pdf", "docx": WORD, "pptx": SLIDES, "xlsx": SHEET, "epub": "application/epub+zip",
    "csv": "text/csv", "tsv": "text/tab-separated-values",
    "json": "application/json", "jsonl": "application/x-ndjson", "ndjson": "application/x-ndjson",
    "ipynb": "application/x-ipynb+json", "eml": "message/rfc822",
}  # fmt: skip
CODE: Final = frozenset(
    [
        "py",
        "pyi",
        "js",
        "mjs",
        "cjs",
        "ts",
        "tsx",
        "jsx",
        "java",
        "kt",
        "kts",
        "scala",
        "go",
        "rs",
        "c",
        "h",
        "cc",
        "cpp",
        "cxx",
        "hpp",
        "hh",
        "cs",
        "fs",
        "swift",
        "m",
        "mm",
        "rb",
        "php",
        "pl",
        "pm",
        "lua",
        "r",
        "jl",
        "sh",
        "bash",
        "zsh",
        "fish",
        "ps1",
        "bat",
        "sql",
        "graphql",
        "proto",
        "thrift",
        "tf",
        "hcl",
        "yaml",
        "yml",
        "toml",
        "ini",
        "cfg",
        "conf",
        "properties",
        "xml",
        "css",
        "scss",
        "less",
        "vue",
        "svelte",
        "dart",
        "ex",
        "exs",
        "erl",
        "hrl",
        "hs",
        "ml",
        "mli",
        "clj",
        "cljs",
        "groovy",
        "gradle",
        "cmake",
        "mk",
        "nix",
        "zig",
        "v",
        "vhd",
        "f90",
        "f",
    ]
)
NAMES: Final = frozenset({"makefile", "dockerfile", "readme", "license", "changelog", "notice", "authors"})


def ending(name: str) -> str:
    """Return a name's ending in lower case, without its dot."""
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def readable(name: str) -> bool:
    """Say whether a file of this name is one that Citewell reads."""
    end = ending(name)
    return (end in ENDINGS and end != "") or end in CODE or PurePosixPath(name).name.lower() in NAMES


def media_type(name: str, declared: str | None, data: bytes) -> str:
    """Return what the bytes are: by their first bytes, else as declared, else by the name's ending."""
    found = _magic(name, data)
    if found:
        return found
    given = (declared or "").split(";")[0].strip().lower()
    if given in TEXTUAL or given in NATIVE:
        return given
    end = ending(name)
    return ENDINGS.get(end, "text/x-source" if end in CODE else "text/plain")


def _magic(name: str, data: bytes) -> str | None:
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(name, data)
    return None


def _zipped(name: str, data: bytes) -> str | None:
    """Tell office formats and EPUB apart by what their archive holds."""
    for mark, kind in ((b"word/", WORD), (b"ppt/", SLIDES), (b"xl/", SHEET)):
        if mark in data and b"[Content_Types].xml" in data:
            return kind
    if b"application/epub+zip" in data[:200] or ending(name) == "epub":
        return "application/epub+zip"
    return "application/zip"
