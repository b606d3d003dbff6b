"""What the readers of a file do not see is marked, in every format that can hide it."""

from __future__ import annotations

import io

from citewell.incoming import Blob
from citewell.model import Document
from citewell.read import read
from tests.read.files import _saved


def unseen(document: Document) -> list[str]:
    assert all(one.how for one in document.hidden)
    return [" ".join(document.text[one.start : one.end].split()) for one in document.hidden]


def test_a_page_marks_what_a_browser_does_not_show() -> None:
    page = """<html><head><title>T</title><style>.x{display:none} .dark{color:#fff}</style></head><body>
    <main><h1>Guide</h1>
    <p>Everyone reads this line of the guide.</p><!-- COMMENT --><p style="display:none">GONE</p>
    <p style="color:white;background:#ffffff">WHITE</p><p class="x">CLASS</p><p class="dark">Light on dark.</p>
    <p style="position:absolute;left:-9999px">OFF <b>BOLD</b></p><p style="opacity:0">CLEAR</p>
    <p style="font-size:1px">TINY</p><img src="http://x.example/a.png" alt="PICTURE"></main></body></html>"""
    document = read(Blob("a.html", page.encode()))[0]
    assert unseen(document) == ["WHITE", "CLASS", "OFF **BOLD", "CLEAR", "TINY", "PICTURE"]
    assert not any(word in document.text for word in ("COMMENT", "GONE", "x.example"))
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in document.text)


def test_a_word_file_marks_hidden_white_and_tiny_runs() -> None:
    import docx
    from docx.shared import Pt, RGBColor

    document = docx.Document()
    paragraph = document.add_paragraph("Seen. ")
    paragraph.add_run("HIDDEN").font.hidden = True
    paragraph.add_run(" and ")
    paragraph.add_run("WHITE").font.color.rgb = RGBColor(255, 255, 255)
    paragraph.add_run(" or ")
    paragraph.add_run("TINY").font.size = Pt(1)
    assert unseen(read(Blob("a.docx", _saved(document)))[0]) == ["HIDDEN", "WHITE", "TINY"]


def test_a_pdf_marks_what_is_white_tiny_off_the_page_or_without_ink() -> None:
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(600, 800))
    page.drawString(50, 700, "Everyone sees this line.")
    page.setFillColorRGB(1, 1, 1)
    page.drawString(50, 650, "White words.")
    page.setFillColorRGB(0, 0, 0.5)
    page.rect(40, 580, 300, 40, fill=1)
    page.setFillColorRGB(1, 1, 1)
    page.drawString(50, 600, "White on a blue banner.")
    page.setFillColorRGB(0, 0, 0)
    page.setFont("Helvetica", 1)
    page.drawString(50, 500, "Tiny words.")
    page.setFont("Helvetica", 12)
    page.drawString(50, -300, "Off the page.")
    text = page.beginText(50, 400)
    text.setTextRenderMode(3)
    text.textOut("No ink.")
    page.drawText(text)
    page.save()
    assert unseen(read(Blob("a.pdf", out.getvalue()))[0]) == [
        "White words.",
        "Tiny words.",
        "Off the page.",
        "No ink.",
    ]
