"""Hits to order and merge."""

from __future__ import annotations

from citewell.model import Entry, Hit, Passage


def hit(name: str, text: str = "") -> Hit:
    """Return a hit of a document of one passage."""
    entry = Entry(name, 1, name, "", "text/plain", {}, 1, len(text), "", "")
    return Hit(Passage(name, name, 1, text, 0, len(text)), entry, 1.0)
