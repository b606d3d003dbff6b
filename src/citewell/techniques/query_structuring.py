"""Query structuring: what a question says about documents themselves (a year, a product) becomes a filter."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from citewell import filters
from citewell.collection import inside
from citewell.errors import BadInput
from citewell.filters import Filter
from citewell.model import FieldUse, Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.means import Means
from citewell.techniques.merge import noted
from citewell.techniques.narrowing import narrowed
from citewell.wire import dump_where


@dataclass(frozen=True)
class QueryStructuring:
    """Asks a model for a filter over the fields that the documents really have. (RAG from Scratch, 11)

    The filter is shown with the answer; whoever asks may edit it and ask again with it. A question that comes with
    a filter keeps that.
    """

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find with the model's filter; without, where it wrote none, or one that is wrong or finds nothing."""
        started = perf_counter()
        if query.where != inside(query.collection):
            step = Step("query-structuring", "the question has its own filter")
            return noted(await self.inner(query), step)
        fields = await asyncio.to_thread(self.means.fields, query)
        said = await self.means.ask("query-structuring", query, fields=_listed(fields))
        where, did = _filter(said.text, fields)
        if where is None:
            found = await self.inner(query)
        else:
            found, why = await narrowed(self.inner, query, where)
            did += why
        return noted(found, Step("query-structuring", did, 1, said.usage, perf_counter() - started))


def _filter(text: str, fields: Sequence[FieldUse]) -> tuple[Filter | None, str]:
    """Return the filter that a model wrote, and what to say of it."""
    line = next((one for raw in text.splitlines() if (one := _bare(raw))), "")
    if not line or line.upper().rstrip(".") in ("NONE", "NULL", "NO FILTER"):
        return None, "no filter"
    try:
        where = _parsed(line)
    except BadInput as error:
        return None, f"no filter: the model wrote {line!r}, {str(error).splitlines()[0]}"
    unknown = sorted(filters.names(where) - {one.name for one in fields})
    if unknown:
        return (
            None,
            f"no filter: the model wrote {line!r}, and no document has {', '.join(map(repr, unknown))}",
        )
    return where, f"where {dump_where(where)}"


def _parsed(line: str) -> Filter:
    """Read a filter; models often put text into double quotes, so where it cannot be read, that is tried too."""
    try:
        return filters.parse(line)
    except BadInput:
        single = re.sub(r'([=<>(,]|\b(?:LIKE|BETWEEN))\s*"([^"\']*)"', r"\1 '\2'", line, flags=re.IGNORECASE)
        if single == line:
            raise
        return filters.parse(single)


def _bare(line: str) -> str:
    """A line without the marks that models put around SQL."""
    return re.sub(r"^\s*(?:```\w*|(?:filter|where)\b:?)|[`;\s]+$", "", line, flags=re.IGNORECASE).strip(" `")


def _listed(fields: Sequence[FieldUse]) -> str:
    """Fields as a model is told of them: name, type, values. Text is data: quoted, on one line."""
    return "\n".join(f"{one.name} ({one.kind}): {', '.join(_values(one))}".rstrip(": ") for one in fields)


def _values(field: FieldUse) -> Sequence[str]:
    if field.kind != "text":
        return field.values
    return [json.dumps(one, ensure_ascii=False) for one in field.values]
