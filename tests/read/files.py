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


def epub(folder: str) -> bytes:
    from ebooklib import epub as books

    book = books.EpubBook()
    book.set_title("The book")
    book.add_author("Bo")
    chapter = books.EpubHtml(title="One", file_name="one.xhtml")
    chapter.content = "<h1>One</h1><p>It began.</p>"
    for item in (chapter, books.EpubNcx(), books.EpubNav()):
        book.add_item(item)
    book.spine = [chapter]
    path = f"{folder}/book.epub"
    books.write_epub(path, book)
    with open(path, "rb") as file:
        return file.read()


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
