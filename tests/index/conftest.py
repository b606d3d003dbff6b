"""The servers that indexes are tested on."""

from tests.index.servers import postgres

__all__ = ["postgres"]
