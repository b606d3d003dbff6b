"""Which language is a document in? What its fields say; else what its script or its function words tell.

Function words tell languages apart in texts of a sentence or more (Grefenstette, "Comparing two language
identification schemes", JADT 1995). The lists are those of the package `stop-words`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Final

from stop_words import AVAILABLE_LANGUAGES, LANGUAGE_MAPPING, get_stop_words

from citewell.model import Fields

ENGLISH: Final = "en"
STOP_WORDS: Final = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "did", "for", "from",
    "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "me",
    "my", "no", "not", "of", "on", "or", "our", "she", "should", "so", "some", "such", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "to", "was", "we", "were", "what",
    "when", "where", "which", "who", "whom", "why", "will", "with", "would", "you", "your",
})  # fmt: skip
"""English words that keyword search leaves out: fewer than the package lists, which has "computer" and "work"."""
STEMMERS: Final = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""ISO 639-1 codes of the languages that have a Snowball stemmer."""
SAME: Final = {"nb": "no", "nn": "no"}
FIELDS: Final = ("lang", "language")
"""Fields of a document that may say its language; what is told from its text is kept in the first."""
SCRIPTS: Final = {"el": re.compile(r"[Ͱ-Ͽἀ-῿]"), "ta": re.compile(r"[஀-௿]")}
"""Scripts that say the language."""
LETTER: Final = re.compile(r"[^\W\d_]")
WORD: Final = re.compile(r"[^\W\d_]+")
READ: Final = 20_000
"""Characters looked at."""
LEAST_WORDS: Final = 3
LEAST_SHARE: Final = 0.15
"""Of a text's words that are function words of its language: prose has a third or more, code and lists few."""
CLEARLY: Final = 1.5
"""Times as many as there are English ones: the list of these is the longest, so English stays English."""


def language_of(fields: Fields) -> str:
    """Return the language that a document's fields say, "en" if they say none that has a stemmer."""
    return said(fields) or ENGLISH


def said(fields: Fields) -> str | None:
    """Return the language that the field `lang` or `language` names: "de", "de-AT" or "DE" is German."""
    for name in FIELDS:
        code = re.split(r"[-_]", str(fields.get(name, "")).strip().lower())[0]
        code = SAME.get(code, code)
        if code in STEMMERS:
            return code
    return None


def told(text: str) -> str | None:
    """Return the language that a text is plainly in, if that is one other than English and has a stemmer."""
    some = text[:READ]
    letters = len(LETTER.findall(some))
    for code, script in SCRIPTS.items():
        if 2 * len(script.findall(some)) > letters:
            return code
    words = set(WORD.findall(some.lower()))  # each once: a name or a mark that comes often says nothing
    counts = Counter(language for word in words for language in _function_words().get(word, ()))
    best = max(counts, key=lambda one: (counts[one], one), default=ENGLISH)
    enough = max(LEAST_WORDS, LEAST_SHARE * len(words), CLEARLY * counts[ENGLISH])
    return best if best != ENGLISH and best in STEMMERS and counts[best] >= enough else None


def with_language(fields: Fields, text: str) -> Fields:
    """Return a document's fields, with the language that its text is told to be in where they say none."""
    if said(fields) or FIELDS[0] in fields:
        return fields
    language = told(text)
    return {**fields, FIELDS[0]: language} if language else fields


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return the words of a language that keyword search leaves out."""
    if language == ENGLISH:
        return STOP_WORDS
    name = STEMMERS[language]
    return frozenset(get_stop_words(name)) if name in AVAILABLE_LANGUAGES else frozenset()


@cache
def _function_words() -> Mapping[str, tuple[str, ...]]:
    """Return, of every listed word, the languages that have it. Those without a stemmer count too: Polish is
    not the nearest language that has one."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, name in LANGUAGE_MAPPING.items():
        for word in set(get_stop_words(name)):
            # Lists have letters, and the English one codes of countries, which are words elsewhere: "il", "si".
            if (len(word) > 1 or not word.isascii()) and (
                code != ENGLISH or len(word) > 2 or word in STOP_WORDS
            ):
                found[word].append(SAME.get(code, code))
    return {word: tuple(languages) for word, languages in found.items()}
