"""An oracle: who may see which document. Every document has a word of its own, in its id, title and text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from citewell.access import NOBODY, Access

WORD: Final = re.compile(r"qz[a-y]{5}zq")
SUBJECTS: Final = (
    "router", "lamp", "kettle", "budget", "salary", "contract", "merger", "patient", "recipe", "engine", "harbour",
)  # fmt: skip
COLLECTIONS: Final = ("main", "law", "staff")
GROUPS: Final = tuple(f"group:g{n}" for n in range(10))


@dataclass
class Paper:
    """A document as it should be. `readers` is None for everybody."""

    word: str
    collection: str
    readers: tuple[str, ...] | None
    text: str

    @property
    def id(self) -> str:
        return f"{self.word}.md"


@dataclass
class World:
    """What there is, and who asks. `talks` are the kept conversations, each with who began it; `asked` is
    what each of them asked there."""

    choose: Random
    users: list[Access]
    papers: dict[str, Paper] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    talks: dict[str, str] = field(default_factory=dict)
    asked: defaultdict[str, str] = field(default_factory=lambda: defaultdict(str))

    @classmethod
    def of(cls, seed: int, users: int, documents: int) -> World:
        """Make a world; the first user has no name."""
        choose = Random(seed)
        made = cls(choose, [Access(), *(_user(choose, n) for n in range(1, users))])
        for _ in range(documents):
            paper = made.paper()
            made.papers[paper.word] = paper
        return made

    def paper(self, word: str = "") -> Paper:
        """Return a new document, or a new text for an old one."""
        word = word or _word(self.choose, self.papers)
        subject, other = self.choose.sample(SUBJECTS, 2)
        text = f"# The {subject} {word}\n\nThe {subject} of {word} is kept beside the {other}.\n"
        return Paper(word, self.choose.choice(COLLECTIONS), self.readers(), text)

    def readers(self) -> tuple[str, ...] | None:
        """Return an access list: everybody, nobody, or some users and groups."""
        kind = self.choose.random()
        if kind < 0.25:
            return None
        if kind < 0.3:
            return ()
        names = [*GROUPS, *(f"user:u{n}" for n in range(1, len(self.users)))]
        return tuple(sorted(self.choose.sample(names, self.choose.choice((1, 1, 2, 4)))))

    def sees(self, access: Access, word: str) -> bool:
        """Say whether there is such a document for who asks."""
        paper = self.papers.get(word)
        if paper is None or access.everything:
            return paper is not None
        return paper.readers is None or not access.names.isdisjoint(paper.readers)

    def seen(self, access: Access, collection: str = "*") -> set[str]:
        """Return the words of all documents that who asks may see in a collection."""
        return {
            word
            for word, paper in self.papers.items()
            if collection in ("*", paper.collection) and self.sees(access, word)
        }

    def any(self) -> str:
        """Return a document's word: one that is there, that was there, or that never was."""
        kind = self.choose.random()
        if kind < 0.08 and self.gone:
            return self.choose.choice(self.gone)
        return _word(self.choose, self.papers) if kind < 0.12 else self.choose.choice(list(self.papers))


def words_in(text: str) -> set[str]:
    """Return the documents' own words in a text."""
    return set(WORD.findall(text))


def shown(readers: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return an access list as it is kept."""
    return readers if readers is None else tuple(sorted(readers)) or (NOBODY,)


def _user(choose: Random, number: int) -> Access:
    return Access(frozenset({f"user:u{number}", *choose.sample(GROUPS, choose.choice((0, 1, 2, 3)))}))


def _word(choose: Random, taken: dict[str, Paper]) -> str:
    def words() -> Iterator[str]:
        while True:
            yield "qz" + "".join(choose.choice("abcdefghijklmnopqrstuvwxy") for _ in range(5)) + "zq"

    free: Callable[[str], bool] = lambda word: word not in taken  # noqa: E731
    return next(filter(free, words()))
