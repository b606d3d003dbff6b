"""A source whose documents have more fields than it gives them: an access list, say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from citewell.incoming import Blob, Item
from citewell.model import Fields
from citewell.protocols import Source


@dataclass(frozen=True)
class With:
    """A source with `fields` of whoever configured it, which go before its own.

    An item's stamp changes with them, so that what was taken in without them is taken in again.
    """

    source: Source
    fields: Fields

    @property
    def name(self) -> str:
        return self.source.name

    def items(self) -> Iterator[Item]:
        """List what the source lists."""
        said = sha256(json.dumps(dict(self.fields), sort_keys=True).encode()).hexdigest()[:16]
        return (replace(item, stamp=f"{item.stamp} {said}") for item in self.source.items())

    def fetch(self, item: Item) -> Blob:
        """Return an item's bytes, with all its fields."""
        found = self.source.fetch(item)
        return replace(found, fields={**found.fields, **self.fields})
