"""The language of a document: what its fields say, or what its function words plainly tell."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from citewell.language import STEMMERS, language_of, stop_words, told, with_language

SENTENCES = {
    "de": "Der Router wird über die Taste auf der Rückseite neu gestartet.",
    "fr": "Le routeur redémarre quand on appuie sur le bouton situé à l'arrière.",
    "es": "El enrutador se reinicia cuando se pulsa el botón que está en la parte trasera.",
    "it": "Il router si riavvia quando si preme il pulsante che si trova sul retro.",
    "pt": "O roteador reinicia quando você pressiona o botão que fica na parte de trás.",
    "nl": "De router start opnieuw op als u op de knop aan de achterkant drukt.",
    "sv": "Routern startar om när du trycker på knappen som sitter på baksidan.",
    "fi": "Reititin käynnistyy uudelleen, kun painat takana olevaa painiketta, ja se on valmis.",
    "ru": "Если маршрутизатор не отвечает, нажмите на кнопку, которая находится на задней стороне.",
    "ar": "يعاد تشغيل الموجه عند الضغط على الزر الموجود في الجهة الخلفية من الجهاز.",
    "el": "Ο δρομολογητής επανεκκινείται όταν πατήσετε το κουμπί.",
    "ta": "திசைவி மீண்டும் தொடங்குகிறது",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert told(SENTENCES[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "The router restarts when you press the button.",
        "def start(self, port: int) -> None:\n    self.port = port",
        "Table | de | la | 1 | 2",
        "Hon. Anna Berg\nHon. Peter Holm\nHon. Eva Lind\nHon. Karl Dahl",
        "Router uruchamia się ponownie, gdy naciśniesz przycisk, który jest z tyłu.",
        "按下背面的按钮后，路由器会重新启动。",
        "",
    ],
)
def test_english_code_lists_and_languages_without_a_stemmer_tell_none(text: str) -> None:
    assert told(text) is None


@pytest.mark.parametrize(
    ("fields", "language"),
    [
        ({"lang": "de"}, "de"),
        ({"language": "de-AT"}, "de"),
        ({"lang": " PT_br"}, "pt"),
        ({"lang": "nb"}, "no"),
        ({"lang": "Deutsch", "language": "fr"}, "fr"),
        ({"lang": "pl"}, "en"),
        ({}, "en"),
    ],
)
def test_a_field_says_the_language(fields: Mapping[str, str], language: str) -> None:
    assert language_of(fields) == language


def test_what_is_told_is_kept_in_a_field_unless_the_document_says_another() -> None:
    german = SENTENCES["de"]
    assert with_language({"year": 1}, german) == {"year": 1, "lang": "de"}
    assert with_language({"language": "nl"}, german) == {"language": "nl"}
    assert with_language({"lang": "unknown"}, german) == {"lang": "unknown"}
    assert with_language({}, "The router restarts when you press it.") == {}


def test_every_language_has_stop_words_but_tamil() -> None:
    assert [language for language in STEMMERS if not stop_words(language)] == ["ta"]
