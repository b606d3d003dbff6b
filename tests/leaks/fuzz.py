"""Random requests of many users over every door, against an oracle: `make leaks`.

A leak is a word of a document's own in anything that comes out of a door (a status line, an error, a header, a count)
when who asks may not see that document and did not write the word. Beside that, lists, counts and what a search for a
document's own word finds must be exactly what the oracle says, and a document that is not for who asks must be
answered for as one that never was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Final

import httpx

from citewell.access import Access
from citewell.incoming import Blob
from tests.failure.worker import open_library
from tests.leaks.doors import Asked, Came, Command, Door, Python, Rest, fields_of
from tests.leaks.world import COLLECTIONS, SUBJECTS, World, shown, words_in
from tests.server.conftest import served

MODES: Final = ("hybrid", "hybrid", "dense", "keyword", "tfidf")
WHERES: Final = (
    "", "", "", "readers IS NOT NULL", "readers = 'group:g1' OR readers IS NULL", "NOT readers = 'user:u1'",
    "id LIKE 'qz%'", "id IS NOT NULL OR collection = 'law'",
)  # fmt: skip
OWNER: Final = Access.all()


@dataclass
class Report:
    """What happened: requests by door and kind, and everything that should not have."""

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Fuzz:
    """One library, its oracle and its doors."""

    world: World
    doors: Sequence[Door]
    report: Report = field(default_factory=Report)

    def run(self, requests: int) -> Report:
        """Make so many requests; each is checked before the next."""
        kinds: dict[Callable[[Door, Access], None], int] = {
            self.search: 30, self.own_word: 15, self.ask: 8, self.why: 8, self.list: 4, self.get: 12, self.counts: 6,
            self.misspelt: 3, self.talks: 4, self.share: 6, self.add: 3, self.remove: 1,
        }  # fmt: skip
        calls, weights = list(kinds), list(kinds.values())
        began = perf_counter()
        for number in range(requests):
            door = self.doors[number % len(self.doors)]
            (call,) = self.world.choose.choices(calls, weights)
            self.report.asked[door.name, call.__name__] += 1
            call(door, self.world.choose.choice(self.world.users))
            if number % 1000 == 999:
                print(
                    f"{number + 1:,}: {len(self.report.leaks)} leaks, {len(self.report.wrong)} wrong",
                    flush=True,
                )
        self.report.seconds = perf_counter() - began
        return self.report

    # -- questions ------------------------------------------------------------------------------------

    def search(self, door: Door, who: Access) -> None:
        asked = self._asked(
            f"the {self.world.choose.choice(SUBJECTS)} beside the {self.world.choose.choice(SUBJECTS)}"
        )
        came = self._came(door, who, "search", asked.text + asked.where, lambda: door.search(who, asked))
        if not came.wrong:
            found = {hit["passage"]["document_id"].removesuffix(".md") for hit in came.said}
            self._expect(door, who, f"search {asked}", found <= self.world.seen(who, asked.collection), found)

    def own_word(self, door: Door, who: Access) -> None:
        word = self.world.any()
        asked = Asked(word, self.world.choose.choice(("hybrid", "keyword", "tfidf")))
        came = self._came(door, who, "own word", word, lambda: door.search(who, asked))
        found = {hit["passage"]["document_id"] for hit in came.said}
        there = f"{word}.md" in found
        self._expect(door, who, f"search {word}", there == self.world.sees(who, word), found)

    def misspelt(self, door: Door, who: Access) -> None:
        word = self.world.any()
        typo = f"{word[:4]}{'b' if word[4] != 'b' else 'c'}{word[5:]}"
        for call in (door.search, door.why):
            self._came(door, who, "misspelt", typo, lambda call=call: call(who, Asked(typo, "keyword")))

    def ask(self, door: Door, who: Access) -> None:
        word, talks = self.world.any(), self.world.talks
        asked = replace(
            self._asked(f"What is kept beside the {self.world.choose.choice((word, *SUBJECTS))}?")
        )
        if door.name != "command line" and self.world.choose.random() < 0.5:
            old = (
                self.world.choose.choice(list(talks)) if talks and self.world.choose.random() < 0.5 else "new"
            )
            asked = replace(asked, conversation=old)
        came = self._came(door, who, "ask", asked.text + asked.where, lambda: door.ask(who, asked))
        if asked.conversation not in ("", "new"):
            own = talks[asked.conversation] == str(who)
            self._expect(door, who, "go on", came.absent != own or came.wrong, asked.conversation)
        if came.said and not came.absent and not came.wrong and came.said.get("conversation"):
            talks[came.said["conversation"]] = str(who)
            self.world.asked[str(who)] += f" {asked.text}"

    def why(self, door: Door, who: Access) -> None:
        word = self.world.any()
        document = self.world.choose.choice((f"{word}.md", f"{word}.md", word[:5], ""))
        asked = replace(self._asked(self.world.choose.choice(SUBJECTS)), document=document)
        known = asked.text + asked.where + document
        came = self._came(door, who, "why", known, lambda: door.why(who, asked))
        if document == f"{word}.md" and not came.wrong and not self.world.sees(who, word):
            stage = came.said["document"]["stage"]
            self._expect(door, who, f"why {word}", stage == "not_ingested", stage)

    # -- documents ------------------------------------------------------------------------------------

    def list(self, door: Door, who: Access) -> None:
        asked = self._asked("")
        came = self._came(door, who, "list", asked.where, lambda: door.list(who, asked))
        if not came.wrong:
            found = {one["id"].removesuffix(".md") for one in came.said}
            wanted = self.world.seen(who, asked.collection)
            good = found <= wanted if asked.where else found == wanted
            self._expect(door, who, f"list {asked}", good, found ^ wanted)

    def get(self, door: Door, who: Access) -> None:
        word = self.world.any()
        came = self._came(door, who, "get", word, lambda: door.get(who, f"{word}.md"))
        self._expect(door, who, f"get {word}", came.absent != self.world.sees(who, word), came.text[:200])
        if came.absent:
            never = "qzzzzzzzq"  # as long as any, and no document's
            same = door.get(who, f"{never}.md").text.replace(never, word)
            self._expect(door, who, f"get {word} as if it never was", _plain(came.text) == _plain(same), same)
        else:
            readers = shown(self.world.papers[word].readers)
            said = came.said["fields"].get("readers")
            self._expect(door, who, f"readers of {word}", (tuple(said) if said else None) == readers, said)

    def counts(self, door: Door, who: Access) -> None:
        status = self._came(door, who, "status", "", lambda: door.status(who))
        self._expect(
            door,
            who,
            "count",
            status.said["documents"] == len(self.world.seen(who)),
            status.said["documents"],
        )
        came = self._came(door, who, "collections", "", lambda: door.collections(who))
        found = {one["name"]: one["documents"] for one in came.said}
        wanted = {name: n for name in COLLECTIONS if (n := len(self.world.seen(who, name)))}
        self._expect(door, who, "collections", found == wanted, (found, wanted))

    def talks(self, door: Door, who: Access) -> None:
        asked = self.world.asked[str(who)]
        came = self._came(door, who, "talks", asked, lambda: door.talks(who))
        own = {id for id, whose in self.world.talks.items() if whose == str(who)}
        self._expect(door, who, "talks", {one["id"] for one in came.said} == own, own)
        if self.world.talks:
            id = self.world.choose.choice(list(self.world.talks))
            came = door.talk(who, id)
            self._expect(door, who, "talk", came.absent == (id not in own), id)
            self._check(door, who, "talk", asked, came)

    # -- changes --------------------------------------------------------------------------------------

    def share(self, door: Door, who: Access) -> None:
        word, readers = self.world.any(), self.world.readers()
        who = self.world.choose.choice((OWNER, OWNER, who))
        came = self._came(door, who, "share", word, lambda: door.share(who, f"{word}.md", readers))
        self._expect(door, who, f"share {word}", came.absent != self.world.sees(who, word), came.text[:200])
        if not came.absent:
            self.world.papers[word].readers = readers
        self._at_once(door, word)

    def add(self, door: Door, who: Access) -> None:
        old = self.world.choose.random() < 0.6
        paper = self.world.paper(self.world.choose.choice(list(self.world.papers)) if old else "")
        who = self.world.choose.choice((OWNER, who))
        there = paper.word in self.world.papers
        came = self._came(door, who, "add", paper.word, lambda: door.add(who, paper))
        refused = there and not self.world.sees(who, paper.word)
        self._expect(door, who, f"add {paper.word}", came.absent == refused, came.text[:300])
        if not refused:
            if there and paper.readers is None:  # who says nothing of it changes nothing of it
                paper.readers = self.world.papers[paper.word].readers
            self.world.papers[paper.word] = paper
            # What is said as it was said the time before undoes no share: the oracle is told what is in force.
            held = self.doors[0].get(OWNER, paper.id).said["fields"].get("readers")
            paper.readers = None if held is None else tuple(name for name in held if ":" in name)
        self._at_once(door, paper.word)

    def remove(self, door: Door, who: Access) -> None:
        word = self.world.any()
        who = self.world.choose.choice((OWNER, who))
        came = self._came(door, who, "remove", word, lambda: door.remove(who, f"{word}.md"))
        self._expect(door, who, f"remove {word}", came.absent != self.world.sees(who, word), came.text[:200])
        if not came.absent:
            del self.world.papers[word]
            self.world.gone.append(word)
        self._at_once(door, word)

    def _at_once(self, door: Door, word: str) -> None:
        """The very next request, of two users, on another door: the change is in force."""
        other = self.world.choose.choice(self.doors)
        for who in self.world.choose.sample(self.world.users, 2):
            came = other.search(who, Asked(word, "keyword"))
            there = any(hit["passage"]["document_id"] == f"{word}.md" for hit in came.said)
            self._expect(
                other, who, f"{word} at once, after {door.name}", there == self.world.sees(who, word), there
            )

    # -- checks ---------------------------------------------------------------------------------------

    def _asked(self, text: str) -> Asked:
        choose = self.world.choose
        return Asked(
            text, choose.choice(MODES), choose.choice(("*", "*", *COLLECTIONS)), choose.choice(WHERES)
        )

    def _came(self, door: Door, who: Access, what: str, known: str, call: Callable[[], Came]) -> Came:
        came = call()
        self._check(door, who, what, known, came)
        return came

    def _check(self, door: Door, who: Access, what: str, known: str, came: Came) -> None:
        """Look for words of documents that who asks may not see, but for those that they wrote themselves."""
        for word in words_in(came.text) - words_in(known):
            if not self.world.sees(who, word):
                at = came.text.index(word)
                self.report.leaks.append(
                    f"{door.name}, {what}, as {who}: {word} in …{came.text[max(0, at - 200) : at + 60]}…"
                )

    def _expect(self, door: Door, who: Access, what: str, good: bool, found: object) -> None:
        if not good:
            self.report.wrong.append(f"{door.name}, as {str(who)!r}: {what}: {str(found)[:300]}")


def fuzz(folder: Path, users: int, documents: int, requests: int, seed: int) -> Report:
    """Make a library and ask it."""
    world = World.of(seed, users, documents)
    with ExitStack() as stack:
        library = stack.enter_context(open_library(folder / "library", create=True))
        blobs = [
            Blob(one.id, one.text.encode(), "text/markdown", fields=fields_of(one))
            for one in world.papers.values()
        ]
        library.ingest(blobs, lambda outcome: None, access=OWNER)
        library.optimize()
        url = stack.enter_context(served(library))
        http = stack.enter_context(httpx.Client(base_url=url, timeout=60))
        (folder / "files").mkdir()
        return Fuzz(world, (Python(library), Rest(http), Command(url, folder / "files"))).run(requests)


def _plain(text: str) -> str:
    """Return what came out of a door without what differs from one answer to the next."""
    return "\n".join(line.split("Headers(")[0] for line in text.splitlines())


def main() -> None:
    """Run at full size, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("users", 50), ("documents", 1000), ("requests", 10_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = fuzz(Path(folder), given.users, given.documents, given.requests, given.seed)
    by_door: Counter[str] = Counter()
    for (door, _), count in report.asked.items():
        by_door[door] += count
    said = ", ".join(f"{count:,} {door}" for door, count in sorted(by_door.items()))
    print(
        f"{given.users} users, {given.documents:,} documents; {said}; {report.seconds:.0f} s; seed {given.seed}"
    )
    print(f"{len(report.leaks)} leaks, {len(report.wrong)} answers that the oracle does not give")
    for line in (*report.leaks[:20], *report.wrong[:20]):
        print(line)
    sys.exit(bool(report.leaks or report.wrong))


if __name__ == "__main__":
    main()
