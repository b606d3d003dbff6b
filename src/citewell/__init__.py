"""Question answering over your documents, with citations that are checked.

    with citewell.open("library", create=True) as library:
        library.add(citewell.Document("reset.md", "Hold the button for ten seconds."))
        print(library.ask(citewell.Query("How do I reset it?")).text)

Names are loaded when they are first used: `import citewell` itself loads next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from citewell.access import Access
    from citewell.errors import (
        BadInput,
        CitewellError,
        Corrupt,
        InUse,
        MissingExtra,
        NotFound,
        OutOfSpace,
        OverBudget,
        ProviderError,
        Unreadable,
        Unsupported,
    )
    from citewell.filters import Filter
    from citewell.filters import parse as parse_filter
    from citewell.incoming import Added, Blob, Failure
    from citewell.library import Library
    from citewell.model import Answer, Citation, Document, Hit, Passage, Query
    from citewell.prompted import PromptUsed, Style

    __version__: str

PLACES: Final = {
    "citewell.access": ("Access",),
    "citewell.errors": (
        *("BadInput", "CitewellError", "Corrupt", "InUse", "MissingExtra"),
        *("NotFound", "OutOfSpace", "OverBudget", "ProviderError", "Unreadable", "Unsupported"),
    ),
    "citewell.filters": ("Filter",),
    "citewell.library": ("Library",),
    "citewell.model": (
        *("Answer", "Citation", "Document"),
        *("Hit", "Passage", "Query"),
    ),
    "citewell.incoming": ("Added", "Blob", "Failure"),
    "citewell.prompted": ("PromptUsed", "Style"),
}
PLACE_OF: Final = {name: (module, name) for module, names in PLACES.items() for name in names} | {
    "parse_filter": ("citewell.filters", "parse")
}

__all__ = [
    "Access",
    "Added",
    "Answer",
    "BadInput",
    "Blob",
    "Citation",
    "CitewellError",
    "Corrupt",
    "Document",
    "Failure",
    "Filter",
    "Hit",
    "InUse",
    "Library",
    "MissingExtra",
    "NotFound",
    "OutOfSpace",
    "OverBudget",
    "Passage",
    "PromptUsed",
    "ProviderError",
    "Query",
    "Style",
    "Unreadable",
    "Unsupported",
    "__version__",
    "open",
    "parse_filter",
]


def open(
    path: str | PathLike[str] = ".citewell",
    *,
    create: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> Library:
    """Open the library in a folder; use it as a context manager, or close it.

    `settings` maps "section.key" to a value, as in `citewell config`; they win over the environment and
    citewell.toml. NotFound when there is no library and `create` is false; InUse when another process
    holds it; BadInput for an unknown setting.
    """
    from os import environ

    from citewell.assemble import assemble
    from citewell.config import load

    flags = {**(settings or {}), "library.path": path}
    return assemble(load(flags, environ).config, create=create)


def __getattr__(name: str) -> Any:
    """Load an exported name on its first use (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("citewell")
    elif name in PLACE_OF:
        module, attribute = PLACE_OF[name]
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module 'citewell' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
