"""Real files, made by the libraries that people make them with."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping


def docx() -> bytes:
    import docx as word

    document = word.Document()
    document.core_properties.author = "Ann"
    document.core_properties.title = "The guide"
    document.add_heading("Install", 1)
    document.add_paragraph("Run the installer.")
    document.add_heading("Linux", 2)
    table = document.add_table(2, 2)
    for cell, text in zip(
        (one for row in table.rows for one in row.cells), ("A", "B", "1", "2"), strict=True
    ):
        cell.text = text
    return _saved(document)


def pptx() -> bytes:
    import pptx as slides

    show = slides.Presentation()
    for number in (1, 2):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number}"
        slide.placeholders[1].text = f"Body of slide {number}"
    return _saved(show)


def xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Prices"
    for row in (("product", "price"), ("router", 120), ("switch", 80)):
        book.active.append(row)
    return _saved(book)


def epub() -> bytes:
    opf = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">
    <metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>
    <dc:title>The book</dc:title><dc:creator>Bo</dc:creator><dc:language>en</dc:language></metadata>
    <manifest><item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>
    <spine><itemref idref="one"/></spine></package>"""
    container = """<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
    <rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
    chapter = """<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head>
    <body><h1>One</h1><p>It began.</p></body></html>"""
    members = {"META-INF/container.xml": container, "book.opf": opf, "one.xhtml": chapter}
    texts = {name: text.encode() for name, text in members.items()}
    return archive({"mimetype": b"application/epub+zip", **texts})


def pdf(pages: int, lines: int = 3, encrypt: str | None = None) -> bytes:
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    page = canvas.Canvas(out, encrypt=encrypt)
    page.setTitle("The manual")
    page.setAuthor("Cy")
    for number in range(1, pages + 1):
        page.bookmarkPage(f"p{number}")
        page.addOutlineEntry(f"Chapter {number}", f"p{number}", 0)
        if lines:
            page.drawString(50, 800, f"Chapter {number}")
        for line in range(lines):
            page.drawString(
                50, 780 - 14 * line, f"Line {line} of page {number} says something of some length."
            )
        page.showPage()
    page.save()
    return out.getvalue()


def archive(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return out.getvalue()


def _saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()
