"""What is a library made of?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citewell.answering import Answering
from citewell.catalog import Catalog
from citewell.cost.costs import Costs
from citewell.lock import Holder
from citewell.model import Mode
from citewell.prepare import Prepare
from citewell.protocols import Embedder, Index, Retriever

if TYPE_CHECKING:
    from citewell.explain import Explain


@dataclass(frozen=True)
class Parts:
    """What a library is made of; `assemble` chooses them."""

    catalog: Catalog
    index: Index
    embedder: Embedder
    answering: Answering
    costs: Costs
    prepare: Prepare
    retrievers: Mapping[Mode, Retriever]
    explain: Explain
    readers: Mapping[Mode, Retriever] | None = None  # what the chat model is shown; None: what a search finds
    shown: int = 8
    collection: str = ""  # where documents go and questions look that name none
    holder: Holder | None = None
