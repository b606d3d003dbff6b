"""Searching a part of the library: what was chosen with a filter must never cost an answer."""

from __future__ import annotations

from dataclasses import replace

from citewell.errors import BadInput, Unsupported
from citewell.filters import And, Filter
from citewell.model import Found, Query
from citewell.protocols import Find


async def narrowed(inner: Find, query: Query, where: Filter) -> tuple[Found, str]:
    """Find with one filter more. Where that finds nothing, or the index cannot do it, find without; and say why."""
    both = where if query.where is None else And((query.where, where))
    try:
        found = await inner(replace(query, where=both))
    except (BadInput, Unsupported) as error:
        return await inner(query), f"; searched without it: {str(error).splitlines()[0]}"
    if found.hits:
        return found, ""
    without = await inner(query)
    return replace(
        without, steps=(*found.steps, *without.steps)
    ), "; nothing is there, so searched without it"
