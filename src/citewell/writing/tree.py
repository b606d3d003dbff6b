"""A tree of summaries over a document's passages (RAPTOR: Sarthi et al., ICLR 2024)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citewell.writing.constants import LEAVES, LEVELS, NODE

if TYPE_CHECKING:
    from citewell.model import Matrix, Vector


@dataclass(frozen=True)
class Node:
    """A summary, or a passage at the bottom: its text, its vector, and the passages below it."""

    text: str
    heading: str
    vector: Vector
    leaves: tuple[int, ...]


def sizes(passages: int) -> list[int]:
    """Return how many summaries each level of a tree over so many passages has."""
    levels: list[int] = []
    while passages > 1 and len(levels) < LEVELS:
        passages = _groups(passages)
        levels.append(passages)
    return levels


async def grow(
    leaves: Sequence[Node],
    sum_up: Callable[[list[list[Node]]], Awaitable[list[str]]],
    embed: Callable[[list[str]], Awaitable[Matrix]],
) -> list[Node]:
    """Return every summary: of groups of passages that are near each other, then of groups of those summaries.

    `sum_up` writes one text for each group, `embed` gives unit vectors.
    """
    nodes, found = list(leaves), list[Node]()
    for _ in sizes(len(leaves)):
        groups = [[nodes[row] for row in rows] for rows in near([node.vector for node in nodes])]
        texts = await sum_up(groups)
        pairs = zip(texts, await embed(texts), groups, strict=True)
        nodes = [
            Node(text, "", vector, tuple(sorted(leaf for one in group for leaf in one.leaves)))
            for text, vector, group in pairs
        ]
        found += nodes
    return found


def nearest(node: Node, leaves: Sequence[Node]) -> tuple[int, ...]:
    """Return the passages that a summary leads to: those of its own that are nearest to it, LEAVES at the most."""
    ranked = sorted(node.leaves, key=lambda at: -float(leaves[at].vector @ node.vector))
    return tuple(sorted(ranked[:LEAVES]))


def near(vectors: Sequence[Vector]) -> Iterator[list[int]]:
    """Yield the rows of groups of at most NODE that are near each other.

    Halves, and halves of halves, along the direction in which they differ most (Boley 1998, principal direction
    divisive partitioning, cut at the median): even groups, no chance in it, and their number known beforehand.
    """
    import numpy as np

    def halved(rows: list[int]) -> Iterator[list[int]]:
        if len(rows) <= NODE:
            yield rows
            return
        some = matrix[rows]
        direction = np.linalg.svd(some - some.mean(0), full_matrices=False)[2][0]
        direction = direction * np.sign(direction[np.abs(direction).argmax()])  # SVD leaves the sign open
        order = np.argsort(some @ direction, kind="stable")
        for half in (order[: len(rows) // 2], order[len(rows) // 2 :]):
            yield from halved(sorted(rows[at] for at in half))

    matrix = np.asarray(vectors)
    yield from halved(list(range(len(matrix))))


def _groups(count: int) -> int:
    """Return how many groups `near` makes of so many."""
    return 1 if count <= NODE else _groups(count // 2) + _groups(count - count // 2)
