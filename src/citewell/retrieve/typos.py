"""Words that the library does not know, one slip away from words that it does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from citewell.access import scope
from citewell.model import Query
from citewell.phrases import outside
from citewell.protocols import Index
from citewell.retrieve.constants import TYPO_COMMON, TYPO_LETTERS
from citewell.retrieve.rank import Candidate, Ranker

PLAIN: Final = re.compile(r"(?<![\w.\-/:@'’])[^\W\d_]+(?![\w'’]|[.\-/:@]\w)")
"""Words of letters alone that are no part of a name, path, flag, address or contraction."""
ASCII: Final = "abcdefghijklmnopqrstuvwxyz"
LETTERS: Final = {
    "da": "æøå", "de": "äöüß", "es": "áéíñóúü", "fi": "äö", "fr": "àâçèéêëîïôùûœ", "hu": "áéíóöőúüű",
    "it": "àèéìòù", "nl": "éëï", "no": "æøå", "pt": "ãáâàçéêíõóôú", "ro": "ăâîșț", "sv": "åäö", "tr": "çğıöşü",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
}  # fmt: skip
"""What may stand in a word besides a-z, by language."""
OTHER: Final = ("ru", "el", "ar")
"""Languages that are not written in Latin letters at all."""

TYPED: Final = frozenset(ASCII).union(*LETTERS.values())


@dataclass(frozen=True)
class Typos:
    """A word that no passage has is asked for as the word one slip away that most passages have.

    A slip is a letter too many, too few or wrong, or two neighbours swapped (Damerau 1964: four of five
    misspellings). Which words there are, the index knows by their hashes; which of the near ones is the
    commonest is asked of it under the query's filter. Words of under four letters, capitals, names with
    digits or signs, code and quoted phrases are left as they are; a question whose words are all known goes
    through unchanged.
    """

    inner: Ranker
    index: Index

    def __call__(self, query: Query) -> list[Candidate]:
        meant = self.meant(query)
        return self.inner(replace(query, text=respelled(query.text, meant)) if meant else query)

    def meant(self, query: Query) -> dict[str, str]:
        """Return the question's words that no passage has, each with the word that stands in for it."""
        words = [word for word in dict.fromkeys(PLAIN.findall(outside(query.text))) if _may_be(word)]
        known = self._has([word.lower() for word in words], query) if words else []
        pairs = ((word, self._known(word, query)) for word, yes in zip(words, known, strict=True) if not yes)
        return {word: other for word, other in pairs if other}

    def _has(self, words: Sequence[str], query: Query) -> list[bool]:
        """Say of each word whether a passage has it that is in what is asked; the index's own list is of all."""
        known, allowed = self.index.knows(words), scope(query)
        if allowed is None or not any(known):
            return known
        counts = self.index.frequencies(words, 1, allowed)
        return [yes and n > 0 for yes, n in zip(known, counts, strict=True)]

    def _known(self, word: str, query: Query) -> str:
        """Return the word one slip away that most passages have, one that begins alike before others."""
        word = word.lower()
        near = sorted(slips(word, _alphabet(word, self.index.languages())))
        near = [other for other, yes in zip(near, self.index.knows(near), strict=True) if yes]
        counts = self.index.frequencies(near, TYPO_COMMON, query.where)
        some = [(other[0] == word[0], n, other) for other, n in zip(near, counts, strict=True) if n]
        return max(some)[2] if some else ""


def slips(word: str, alphabet: str) -> set[str]:
    """Return all words one slip away."""
    return set(_slips(word, alphabet)) - {word}


def _slips(word: str, alphabet: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        yield from (head + letter + tail for letter in alphabet)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in alphabet)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def respelled(question: str, meant: Mapping[str, str]) -> str:
    """Return a question with the words that stand in for others."""
    return PLAIN.sub(lambda match: meant.get(match[0], match[0]), question)


def _may_be(word: str) -> bool:
    """Say whether a word may be a slip: long enough, of letters that are typed one by one, no acronym or camelCase."""
    return (
        len(word) >= TYPO_LETTERS and word in (word.lower(), word.title()) and TYPED.issuperset(word.lower())
    )


def _alphabet(word: str, languages: tuple[str, ...]) -> str:
    """Return the letters of a word's script, as far as the library's languages use them."""
    other = next((LETTERS[one] for one in OTHER if set(word) & set(LETTERS[one])), None)
    if other is not None:
        return other
    return ASCII + "".join(
        sorted({letter for one in languages if one not in OTHER for letter in LETTERS.get(one, "")})
    )
