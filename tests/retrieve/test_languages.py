"""Keyword search in the language of each document."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell.index.lexical import analyse, asked, bm25_query
from citewell.model import Document, Query
from tests.retrieve.shelf import found, opened

TEXTS = {
    "de": "Die Häuser am Fluss wurden im Winter gebaut, weil das Wasser dann niedriger steht.",
    "fr": "Les voyageurs qui arrivent le soir peuvent laisser leurs bagages dans la petite salle.",
    "es": "Las abejas vuelan hacia las flores cuando el sol calienta los campos de la sierra.",
    "ru": "Когда корабли входят в гавань, на берегу их всегда встречают рыбаки.",
    "zh": "春天的时候，农民在山坡上种植茶树。",
    "ja": "この図書館では、本を二週間まで借りることができます。",
    "en": "The bakers of the old town knead their dough before the sun comes up.",
}
QUESTIONS = [
    ("Wer baut ein Haus am Fluss?", "de"),
    ("où laisser mon bagage en voyageant", "fr"),
    ("una abeja que vuela sobre el campo", "es"),
    ("рыбак встретил корабль", "ru"),
    ("茶树在哪里种植？", "zh"),
    ("図書館の本は借りられますか", "ja"),
    ("who is kneading dough in a baker's town", "en"),
]


@pytest.mark.parametrize(("question", "document"), QUESTIONS)
def test_another_form_of_the_words_finds_the_passage(tmp_path: Path, question: str, document: str) -> None:
    with opened(tmp_path, TEXTS) as library:
        assert found(library, question, mode="keyword")[0] == document
        assert found(library, question, mode="tfidf")[0] == document


def test_an_index_made_anew_finds_the_same(tmp_path: Path) -> None:
    with opened(tmp_path, TEXTS) as library:
        before = [library.search(Query(question, mode="keyword")) for question, _ in QUESTIONS]
        assert library.get("de")[0].fields["lang"] == "de"
        languages = set(library._parts.index.languages())
        assert languages == {"en", "de", "fr", "es", "ru"}
    with opened(tmp_path) as library:
        assert set(library._parts.index.languages()) == languages
        library._parts.catalog.setting("terms", "0")
    with opened(tmp_path) as library:
        after = [library.search(Query(question, mode="keyword")) for question, _ in QUESTIONS]
        assert set(library._parts.index.languages()) == languages
    assert [[(hit.passage.text, round(hit.score, 4)) for hit in hits] for hits in after] == [
        [(hit.passage.text, round(hit.score, 4)) for hit in hits] for hits in before
    ]


def test_a_document_that_says_its_language_is_not_guessed(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.add(Document("a", "Häuser", fields={"language": "de"}))
        library.add(Document("b", "Häuser"))
        assert found(library, "Haus", mode="keyword") == ["a"]
        assert set(found(library, "Häuser", mode="keyword")) == {"a", "b"}


def test_why_reads_words_in_the_documents_language(tmp_path: Path) -> None:
    with opened(tmp_path, TEXTS) as library:
        followed = library.why(Query("Haus", mode="keyword", limit=1), "de").document
        assert followed is not None
        assert followed.rank == 1
        lost = library.why(Query("voyageant", mode="keyword"), "de").document
        assert lost is not None
        assert "shares no word" in lost.text


def test_english_documents_alone_are_looked_up_in_english_alone(tmp_path: Path) -> None:
    with opened(tmp_path, {"en": TEXTS["en"]}) as library:
        assert library._parts.index.languages() == ("en",)
        assert library.get("en")[0].fields.get("lang") is None
    question = "Which die is read, max_page_size or 2.9.1?"
    assert list(asked(question)) == list(dict.fromkeys(analyse(question)))
    assert bm25_query(question) == bm25_query(question, ("en",))


def test_a_term_that_languages_share_counts_once() -> None:
    assert asked("Router router", ("en", "de"))["router"] == 2


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("Häuser und Hauses", "de", ["haus", "haus"]),
        ("重启路由器", "en", ["重启", "启路", "路由", "由器"]),
        ("API の設定 v2", "en", ["api", "v2", "の設", "設定"]),
        ("서버를 다시", "en", ["서버", "버를", "다시"]),
        ("เปิดเครื่อง", "en", ["เป", "ปิ", "ิด", "ดเ", "เค", "คร", "รื", "ื่", "่อ", "อง"]),
        ("水", "en", ["水"]),
        ("İSTANBUL", "tr", ["istanbul"]),
        ("Mu\u0308ller", "de", ["mull"]),
    ],
)
def test_terms_of_other_languages(text: str, language: str, terms: list[str]) -> None:
    assert analyse(text, language) == terms
