"""The table of formats: ending and first bytes -> media type and reader.

To add a format: write `read_x(blob, limits) -> list[Draft]` and a row here. `isolated` readers run in a
worker process of their own, because they hand strangers' bytes to native parsers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from citewell.errors import Unreadable
from citewell.incoming import Blob


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table. `magic` is how its files begin; `member` is a name that a zip of it contains."""

    name: str
    media_type: str
    endings: tuple[str, ...]
    reader: str
    isolated: bool = False
    magic: bytes = b""
    member: bytes = b""


OFFICE: Final = "application/vnd.openxmlformats-officedocument"
ZIP: Final = b"PK\x03\x04"
CODE: Final = (
    "py pyi pyx js mjs cjs jsx ts tsx java kt kts scala groovy c h cc cpp cxx hpp hh cs fs go rs rb php "
    "swift m mm lua pl pm r jl dart ex exs erl hs ml mli clj cljs lisp el scm nim zig v vhd vhdl sv sql "
    "sh bash zsh fish ps1 bat cmd tf proto graphql gql thrift cmake mk gradle dockerfile yaml yml toml "
    "ini cfg conf properties env jsonc json5 css scss sass less vue svelte astro xml xsd svg tex bib "
    "diff patch"
)
EPUB: Final = "application/epub+zip"
ROWS: Final = (
    Format(
        "markdown",
        "text/markdown",
        (".md", ".markdown", ".mdx", ".mkd", ".qmd", ".rmd"),
        "text:read_markdown",
    ),
    Format("rst", "text/x-rst", (".rst", ".rest"), "text:read_rst"),
    Format("plain", "text/plain", (".txt", ".text", ".log", ".adoc", ".org"), "text:read_plain"),
    Format("html", "text/html", (".html", ".htm", ".xhtml"), "office:read_html", isolated=True),
    Format("pdf", "application/pdf", (".pdf",), "pdf:read_pdf", True, b"%PDF-"),
    Format(
        "docx",
        f"{OFFICE}.wordprocessingml.document",
        (".docx", ".docm"),
        "office:read_office",
        True,
        ZIP,
        b"word/document",
    ),
    Format(
        "pptx",
        f"{OFFICE}.presentationml.presentation",
        (".pptx", ".pptm"),
        "office:read_office",
        True,
        ZIP,
        b"ppt/presentation",
    ),
    Format(
        "xlsx",
        f"{OFFICE}.spreadsheetml.sheet",
        (".xlsx", ".xlsm"),
        "office:read_office",
        True,
        ZIP,
        b"xl/workbook",
    ),
    Format("epub", EPUB, (".epub",), "office:read_office", True, ZIP, b"META-INF/container.xml"),
    Format("email", "message/rfc822", (".eml",), "office:read_email", isolated=True),
    Format("csv", "text/csv", (".csv",), "data:read_csv"),
    Format("tsv", "text/tab-separated-values", (".tsv", ".tab"), "data:read_csv"),
    Format("notebook", "application/x-ipynb+json", (".ipynb",), "notebook:read_notebook"),
    Format("json", "application/json", (".json",), "data:read_json"),
    Format("jsonl", "application/x-ndjson", (".jsonl", ".ndjson"), "data:read_jsonl"),
    Format("code", "text/x-code", tuple(f".{one}" for one in CODE.split()), "text:read_code"),
)
FORMATS: Final = {row.name: row for row in ROWS}
_BY_ENDING: Final = {ending: row for row in ROWS for ending in row.endings}
_BY_MEDIA_TYPE: Final = {row.media_type: row for row in ROWS} | {
    "application/xhtml+xml": FORMATS["html"],
    "text/x-markdown": FORMATS["markdown"],
    "text/prs.fallenstein.rst": FORMATS["rst"],
    "application/jsonl": FORMATS["jsonl"],
    "application/x-jsonlines": FORMATS["jsonl"],
}
NAMES: Final = frozenset({"readme", "changelog", "changes", "license", "authors", "news", "todo", "copying"})
"""File names without an ending that are text all the same."""
BUILD: Final = frozenset({"makefile", "dockerfile", "jenkinsfile", "rakefile", "gemfile", "justfile"})

OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
NO_TEXT: Final = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
)
HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body)\b", re.I | re.S
)


def readable(name: str) -> bool:
    """Say whether the table knows a file of this name (its bytes decide later)."""
    return ending_of(name) in _BY_ENDING or PurePosixPath(name).name.lower() in NAMES | BUILD


def ending_of(name: str) -> str:
    """Return the ending of a path or address in lower case, with its dot."""
    path = urlsplit(name).path if "://" in name else name
    return PurePosixPath(path).suffix.lower()


def format_of(blob: Blob) -> Format:
    """Return the format of some bytes: what they are goes before what they are called.

    Unreadable when they are of no format here, or not of the one that they are named after.
    """
    ending = ending_of(blob.name)
    named = _BY_ENDING.get(ending)
    found = _by_magic(blob, named)
    if found is not None:
        return found
    if named is not None and named.magic:
        raise Unreadable(
            blob.name, f"is named {ending!r} but its bytes are not of that format; it may be broken"
        )
    said = _BY_MEDIA_TYPE.get((blob.media_type or "").partition(";")[0].strip().lower())
    if said is not None and said.magic:
        raise Unreadable(
            blob.name, f"is declared as {blob.media_type!r} but its bytes are not of that format"
        )
    if said is FORMATS["html"] or (named is None and said is None and HTML.match(blob.data[:2000])):
        return FORMATS["html"]
    if named is None and PurePosixPath(blob.name).name.lower() in BUILD:
        return FORMATS["code"]
    return named or said or FORMATS["plain"]


def _by_magic(blob: Blob, named: Format | None) -> Format | None:
    data = blob.data
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-"):
        return FORMATS["pdf"]
    if named is not None and named.name == "pdf" and b"%PDF-" in data[:1024]:
        return named
    if data.startswith((ZIP, b"PK\x05\x06")):
        return _by_member(blob, named)
    if data.startswith(OLD_OFFICE):
        encrypted = ENCRYPTED in data
        raise Unreadable(
            blob.name,
            "is encrypted; save it without a password"
            if encrypted
            else "is an Office file of the format before 2007; save it as .docx, .xlsx or .pptx",
        )
    for magic, what in NO_TEXT:
        if data.startswith(magic):
            raise Unreadable(blob.name, f"is {what}, which has no text to read")
    return None


def _by_member(blob: Blob, named: Format | None) -> Format:
    """Names stand in a zip as they are, so no unpacking is needed to tell the formats apart."""
    zips = [row for row in ROWS if row.member]
    if named in zips:
        zips = [named, *zips] if named else zips
    for row in zips:
        if row.member in blob.data:
            return row
    if named in zips and named is not None:
        raise Unreadable(
            blob.name, f"is a broken {named.endings[0]} file: {named.member.decode()!r} is not in it"
        )
    raise Unreadable(blob.name, "is a zip archive; unpack it and add the files")
