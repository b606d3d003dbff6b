"""Each format keeps what its readers need: title, headings, pages, rows with their header, fields."""

from __future__ import annotations

import json

import pytest

from citewell.incoming import Blob
from citewell.model import Document
from citewell.read import read
from tests.read import files
from tests.read.test_blocks import check


def one(name: str, data: bytes | str, **more: object) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    (document,) = read(Blob(name, raw, **more))  # type: ignore[arg-type]
    return document


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_markdown_stays_as_it_is_and_front_matter_becomes_fields() -> None:
    text = "---\r\ntitle: 'Set up: fast'\ndate: 2024-05-06 10:00:00+02:00\ntags: [a, b]\n"
    text += "seo: {rank: 1}\n---\r\n# Head\r\n"
    document = one("a/guide.md", text, fields={"tags": "mine", "team": "x"})
    assert document.text == text.replace("\r\n", "\n")
    assert kinds(document) == [("heading", "# Head")]
    assert document.title == "Set up: fast"
    assert document.fields["date"] == "2024-05-06T08:00:00+00:00"
    assert (document.fields["tags"], document.fields["seo.rank"], document.fields["team"]) == (
        ("a", "b"),
        1,
        "x",
    )
    assert (document.fields["path"], document.fields["type"]) == ("a/guide.md", "markdown")


def test_front_matter_cannot_say_which_document_it_is() -> None:
    document = one("a.md", "---\nid: other\npath: /etc\n---\nText\n")
    assert (document.id, document.fields["path"], document.fields.get("id")) == ("a.md", "a.md", None)


@pytest.mark.parametrize("front", ["title: a: b\nx: y", "a: &a [1]\nb: *a", "? [[[", "just prose"])
def test_odd_front_matter_loses_no_text(front: str) -> None:
    document = one("a.md", f"---\n{front}\n---\n\nBody\n")
    assert "Body" in [text for _, text in kinds(document)][-1]


def test_a_txt_that_is_restructuredtext_is_read_as_such() -> None:
    document = one("ref/a.txt", "=====\nTitle\n=====\n\nWords.\n")
    assert (document.title, document.media_type, document.fields["type"]) == ("Title", "text/x-rst", "rst")


def test_docx_keeps_headings_tables_and_author() -> None:
    document = one("guide.docx", files.docx())
    assert [block.title for block in document.blocks if block.kind == "heading"] == ["Install", "Linux"]
    assert ("row", "| 1 | 2 |") in kinds(document)
    assert (document.title, document.fields["author"]) == ("The guide", "Ann")


def test_pptx_slides_are_pages() -> None:
    document = one("talk.pptx", files.pptx())
    pages = {block.title: block.page for block in document.blocks if block.kind == "heading"}
    assert pages == {"Slide 1": 1, "Slide 2": 2}
    assert document.fields["pages"] == 2


def test_xlsx_rows_know_their_header() -> None:
    document = one("prices.xlsx", files.xlsx())
    rows = [(document.text[b.start : b.end], b.title) for b in document.blocks if b.kind == "row" and b.title]
    assert rows == [("| router | 120 |", "| product | price |"), ("| switch | 80 |", "| product | price |")]


def test_epub_keeps_title_author_and_chapters() -> None:
    document = one("book.epub", files.epub())
    assert (document.title, document.fields["author"]) == ("The book", "Bo")
    assert [block.title for block in document.blocks if block.kind == "heading"] == ["One"]
    assert "It began." in document.text


def test_pdf_keeps_pages_and_bookmarks_as_headings() -> None:
    document = one("manual.pdf", files.pdf(3))
    headings = [(b.title, b.level, b.page) for b in document.blocks if b.kind == "heading"]
    assert headings == [("Chapter 1", 1, 1), ("Chapter 2", 1, 2), ("Chapter 3", 1, 3)]
    assert (document.title, document.fields["author"], document.fields["pages"]) == ("The manual", "Cy", 3)
    check(document.text, document.blocks)


def test_html_keeps_the_content_and_drops_scripts_and_data_urls() -> None:
    page = (
        "<html><head><title>My page</title><meta name=author content=Joe></head><body><h1>Hi</h1><p>Words</p>"
        "<script>alert(1)</script><pre>x = 1\n\ny</pre>"
        "<img alt=pic src='data:image/png;base64,AAAA'></body></html>"
    )
    document = one("a.html", page)
    assert (document.title, document.fields["author"]) == ("My page", "Joe")
    assert kinds(document)[:2] == [("heading", "# Hi"), ("paragraph", "Words")]
    assert "alert" not in document.text
    assert "base64" not in document.text


def test_html_in_its_declared_encoding_reads() -> None:
    page = '<html><head><meta charset="windows-1251"></head><body><p>Привет, мир</p></body></html>'
    assert "Привет, мир" in one("a.html", page.encode("cp1251")).text


def test_email_keeps_who_when_and_what() -> None:
    mail = (
        "From: Ann <a@x.org>\nTo: b@y.org\nSubject: Lunch\nDate: Tue, 5 Mar 2024 10:00:00 +0200\n\nAt noon?\n"
    )
    document = one("m.eml", mail)
    assert (document.title, document.fields["date"]) == ("Lunch", "2024-03-05T08:00:00+00:00")
    assert "a@x.org" in str(document.fields["author"])
    assert "At noon?" in document.text


def test_csv_rows_with_newlines_in_cells_are_whole() -> None:
    document = one("a.csv", 'name;note\nx;"two\nlines"\ny;z\n')
    assert kinds(document) == [("row", "name;note"), ("row", 'x;"two\nlines"'), ("row", "y;z")]
    assert document.blocks[1].title == "name;note"


def test_a_notebook_is_prose_and_fenced_code() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Plot\n", "Words"]},
        {"cell_type": "code", "source": "1 + 1", "outputs": [{"data": {"text/plain": ["2"]}}]},
    ]
    document = one("a.ipynb", json.dumps({"cells": cells, "nbformat": 4}))
    assert document.title == "Plot"
    assert [kind for kind, _ in kinds(document)] == ["heading", "paragraph", "code", "code"]


def test_records_with_text_are_documents_of_their_own() -> None:
    lines = '{"_id": "a#1", "title": "T", "text": "x", "year": 3}\n\n{"_id": 2, "text": "y \\ud800"}\n'
    first, second = read(Blob("c/r.jsonl", lines.encode()))
    assert (first.id, first.title, first.fields["year"]) == ("c/r.jsonl#a%231", "T", 3)
    assert (second.id, second.text) == ("c/r.jsonl#2", "y \ufffd")


def test_other_json_is_one_document() -> None:
    assert one("a.json", '{"k": [1, 2]}').text == '{\n "k": [\n  1,\n  2\n ]\n}'
    assert len(one("a.jsonl", '{"k": 1}\n{"k": 2}\n').blocks) == 2


def test_source_code_is_titled_by_its_file() -> None:
    document = one("app/views.py", "import a\n\ndef f():\n    pass\n")
    assert (document.title, [kind for kind, _ in kinds(document)]) == ("views.py", ["code", "code"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252", "shift_jis"])
def test_text_in_other_encodings_reads(encoding: str) -> None:
    text = {"shift_jis": "これは日本語の文章です。設定を変更するには、次の手順に従ってください。\n" * 3}.get(
        encoding, "Der Käse kostet fünf Euro, schöne Grüße – bis später.\n"
    )
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    assert one("a.txt", mark + text.encode(encoding)).text == text


def test_bytes_go_before_names_and_declared_types() -> None:
    assert one("really.docx", files.pdf(1)).fields["type"] == "pdf"
    assert one("sheet.docx", files.xlsx()).fields["type"] == "xlsx"
    assert one("https://x.org/", "<!doctype html><p>Hi</p>", media_type="text/html").fields["type"] == "html"
    assert one("README", "# Hi\n\n```\nx\n```\n").fields["type"] == "markdown"


@pytest.mark.parametrize(
    ("name", "fields", "text", "title"),
    [
        ("a.md", {"title": "Given"}, "# Own\n\nText.", "Given"),
        ("a.md", {}, "# Own\n\nText.", "Own"),
        ("notes/release-notes.txt", {}, "Text.", "release-notes"),
        ("4792c0101c48.txt", {}, "Text.", ""),
    ],
)
def test_a_title_is_what_was_given_or_the_text_says_or_the_name(
    name: str, fields: dict[str, str], text: str, title: str
) -> None:
    assert one(name, text, fields=fields).title == title
