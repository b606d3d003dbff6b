"""A small shelf of documents, written for these tests, as hits."""

from citewell.model import Entry, Hit, Passage, Stage

LIGHTHOUSE = (
    "The lighthouse on Corran Point was built in March 1874 by the engineer Agnes Mallory. Its tower is 38 "
    "metres tall and holds 212 steps. The first keeper, Tom Brannigan, stayed for eleven years.\n\n"
    "The lamp was converted from oil to electricity in 1931. It was never automated. Visitors may climb "
    "the tower on Sundays, but dogs are not allowed inside."
)

CACHE = """To enable the cache, set ``cache_size`` in the configuration file::

    [cache]
    cache_size = 64

The cache is disabled by default. It holds 12,500 entries at most and keeps each for 30 seconds.
Restarting the server does not clear the cache."""

FERRY = (
    "The ferry to Inish Rua leaves twice a day and takes 45 minutes. A return ticket costs 18 euros for "
    "adults and 9 euros for children. The company was founded by Maeve Tully after the old bridge fell "
    "into the sea."
)


def hit(
    text: str, title: str, *, start: int = 0, line: int = 1, heading: str = "", dense: float = 0.0
) -> Hit:
    passage = Passage(f"{title}:{start}", title, 3, text, start, start + len(text), heading, line)
    entry = Entry(title, 3, title, f"{title}.md", "text/plain", {}, 1, len(text), "", "")
    return Hit(passage, entry, 1.0, (Stage("dense", 1, dense),) if dense else ())


def shelf() -> list[Hit]:
    return [
        hit(LIGHTHOUSE, "Corran Point", start=100, line=7),
        hit(CACHE, "Server settings", heading="Cache"),
        hit(FERRY, "Ferries"),
    ]
