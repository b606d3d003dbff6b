"""One analyser and two weightings for keyword search, as sparse vectors over hashed terms.

BM25: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the document side
is stored, IDF is applied by the engine at query time. TF-IDF: SMART lnc.ltc (Salton & Buckley 1988).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from zlib import crc32

from py_rust_stemmers import SnowballStemmer

from citewell.index.constants import AVERAGE_TERMS, BM25_B, BM25_K1
from citewell.language import ENGLISH, STEMMERS, stop_words

VERSION = 4
"""Changes whenever the terms or their weights do: an index of another version is made anew from the catalog."""
# Vowel signs of Arabic, Indic and other scripts are no \w by themselves.
MARKS = "\u0300-\u036f\u064b-\u0652\u0670\u0900-\u0963\u0966-\u0dff"
WORD = re.compile(rf"[\w{MARKS}]+")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
COMPOUND = re.compile(r"\w+(?:[.\-/:]\w+)+")
"""Dotted names, flags, paths, versions, hyphenated words: found whole as well as by their parts."""
NUMBERS = re.compile(r"[\d.\-/:]+")
UNSPACED = re.compile(
    "["
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\uff66-\uff9f"  # Japanese kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese
    "\u1100-\u11ff\uac00-\ud7af"  # Korean
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "]+"
)
"""Runs of scripts without spaces between words, or whose words are joined as Korean ones are."""

Sparse = tuple[list[int], list[float]]
"""Term indices and their weights, of equal length."""


@lru_cache(maxsize=200_000)
def _terms(word: str, language: str) -> tuple[str, ...]:
    """A word's index terms: its stem and, for identifiers (snake_case, camelCase), the stems of its parts."""
    whole, stops = _lower(word, language), stop_words(language)
    if whole in stops:
        return ()
    plain = word == whole or word.istitle() or word.isupper()
    parts = PART.findall(word) if "_" in word or not plain else []
    if len(parts) <= 1:
        return (_stem(whole, language),)
    found = [_stem(whole.replace("_", ""), language)]  # read_parquet is readParquet
    found += [_stem(part, language) for part in map(str.lower, parts) if part not in stops]
    return tuple(found)


@lru_cache(maxsize=200_000)
def _compound(text: str, language: str) -> str:
    """The term of a compound as a whole: "num-cpus" is "numcpus", "2.9.1" stays as it is."""
    return text if NUMBERS.fullmatch(text) else _stem(re.sub(r"[\W_]", "", text).lower(), language)


@cache
def _stemmer(language: str) -> SnowballStemmer:
    return SnowballStemmer(STEMMERS[language])


def _stem(word: str, language: str) -> str:
    stem: str = _stemmer(language).stem_word(word)
    return stem


def _lower(word: str, language: str) -> str:
    return (word.replace("İ", "i").replace("I", "ı") if language == "tr" else word).lower()


@lru_cache(maxsize=400_000)
def _hash(term: str) -> int:
    return crc32(term.encode())


def analyse(text: str, language: str = ENGLISH) -> list[str]:
    """Return the index terms of a text in a language, as often as they occur: of words, then of whole compounds.

    In scripts without spaces, in any text, the terms are pairs of neighbouring characters (as Lucene's
    CJKAnalyzer has them), or the one character that stands alone.
    """
    terms = words(text, language)
    if text.isascii():
        return terms + [_compound(one, language) for one in COMPOUND.findall(text)]
    text = unicodedata.normalize("NFC", text)
    pairs = [pair for run in UNSPACED.findall(text) for pair in _pairs(run)]
    compounds = [one for one in COMPOUND.findall(text) if not UNSPACED.search(one)]
    return terms + pairs + [_compound(one, language) for one in compounds]


def words(text: str, language: str = ENGLISH) -> list[str]:
    """Return the terms of a text's words, in their order; stop words and scripts without spaces have none."""
    if not text.isascii():
        text = UNSPACED.sub(" ", unicodedata.normalize("NFC", text))
    return [term for word in WORD.findall(text) for term in _terms(word, language)]


def _pairs(run: str) -> Iterator[str]:
    yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))


def asked(text: str, languages: Sequence[str] = (ENGLISH,)) -> Counter[str]:
    """Return the terms of a question and how often each occurs, read in every language that passages are in.

    A question is too short to tell its language. A term that several languages have in common counts once.
    """
    found: Counter[str] = Counter(analyse(text, languages[0]))
    for language in languages[1:]:
        found |= Counter(analyse(text, language))
    return found


def hashes(word: str, languages: Sequence[str]) -> set[int]:
    """Return the hashed terms of a plain word in small letters, none if all leave it out; for words that come once."""
    return {
        crc32(_stem(word, language).encode()) for language in languages if word not in stop_words(language)
    }


def bm25_passage(terms: list[str]) -> Sparse:
    """Weigh a passage's terms by BM25's saturated frequency, without IDF."""
    norm = BM25_K1 * (1 - BM25_B + BM25_B * len(terms) / AVERAGE_TERMS)
    counts = Counter(terms)
    return _sparse({term: count * (BM25_K1 + 1) / (count + norm) for term, count in counts.items()})


def tfidf_passage(terms: list[str]) -> Sparse:
    """Weigh a passage's terms as SMART `lnc`: log frequency, no IDF, cosine length 1."""
    logs = {term: 1 + math.log(count) for term, count in Counter(terms).items()}
    length = math.sqrt(sum(weight * weight for weight in logs.values())) or 1.0
    return _sparse({term: weight / length for term, weight in logs.items()})


def bm25_query(text: str, languages: Sequence[str] = (ENGLISH,)) -> Sparse:
    """Weigh a question's terms by their count; the engine multiplies by IDF."""
    return _sparse({term: float(count) for term, count in asked(text, languages).items()})


def tfidf_query(text: str, languages: Sequence[str] = (ENGLISH,)) -> Sparse:
    """Weigh a question's terms as SMART `ltc`, up to the query's length, which changes no ranking."""
    return _sparse({term: 1 + math.log(count) for term, count in asked(text, languages).items()})


def _sparse(weights: dict[str, float]) -> Sparse:
    """Hash terms to indices; two terms that collide keep the larger weight."""
    hashed: dict[int, float] = {}
    for term, weight in weights.items():
        key = _hash(term)
        hashed[key] = max(weight, hashed.get(key, 0.0))
    return list(hashed), list(hashed.values())
