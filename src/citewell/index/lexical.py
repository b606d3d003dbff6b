"""One analyser and two weightings for keyword search, as sparse vectors over hashed terms.

BM25: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the document side
is stored, IDF is applied by the engine at query time. TF-IDF: SMART lnc.ltc (Salton & Buckley 1988).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from itertools import chain
from zlib import crc32

from py_rust_stemmers import SnowballStemmer

from citewell.index.constants import AVERAGE_TERMS, BM25_B, BM25_K1, STOP_WORDS

VERSION = 2
"""Changes whenever the terms or their weights do: an index of another version is made anew from the catalog."""
WORD = re.compile(r"\w+")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
COMPOUND = re.compile(r"\w+(?:[.\-/:]\w+)+")
"""Dotted names, flags, paths, versions, hyphenated words: found whole as well as by their parts."""
NUMBERS = re.compile(r"[\d.\-/:]+")
_STEMMER = SnowballStemmer("english")

Sparse = tuple[list[int], list[float]]
"""Term indices and their weights, of equal length."""


@lru_cache(maxsize=200_000)
def _terms(word: str) -> tuple[str, ...]:
    """A word's index terms: its stem and, for identifiers (snake_case, camelCase), the stems of its parts."""
    whole = word.lower()
    if whole in STOP_WORDS:
        return ()
    parts = (
        PART.findall(word) if "_" in word or not (word.islower() or word.istitle() or word.isupper()) else []
    )
    if len(parts) <= 1:
        return (_STEMMER.stem_word(whole),)
    found = [_STEMMER.stem_word(whole.replace("_", ""))]  # read_parquet is readParquet
    found += [_STEMMER.stem_word(part.lower()) for part in parts if part.lower() not in STOP_WORDS]
    return tuple(found)


@lru_cache(maxsize=200_000)
def _compound(text: str) -> str:
    """The term of a compound as a whole: "num-cpus" is "numcpus", "2.9.1" stays as it is."""
    return text if NUMBERS.fullmatch(text) else _STEMMER.stem_word(re.sub(r"[\W_]", "", text).lower())


@lru_cache(maxsize=400_000)
def _hash(term: str) -> int:
    return crc32(term.encode())


def analyse(text: str) -> list[str]:
    """Return the index terms of a text, as often as they occur: those of words, then whole compounds."""
    return words(text) + [_compound(one) for one in COMPOUND.findall(text)]


def words(text: str) -> list[str]:
    """Return the index terms of a text's words, in their order; stop words have none."""
    return list(chain.from_iterable(map(_terms, WORD.findall(text))))


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


def bm25_query(text: str) -> Sparse:
    """Weigh a question's terms by their count; the engine multiplies by IDF."""
    return _sparse({term: float(count) for term, count in Counter(analyse(text)).items()})


def tfidf_query(text: str) -> Sparse:
    """Weigh a question's terms as SMART `ltc`, up to the query's length, which changes no ranking."""
    return _sparse({term: 1 + math.log(count) for term, count in Counter(analyse(text)).items()})


def _sparse(weights: dict[str, float]) -> Sparse:
    """Hash terms to indices; two terms that collide keep the larger weight."""
    hashed: dict[int, float] = {}
    for term, weight in weights.items():
        key = _hash(term)
        hashed[key] = max(weight, hashed.get(key, 0.0))
    return list(hashed), list(hashed.values())
