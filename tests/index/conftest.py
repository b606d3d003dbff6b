"""The servers that indexes are tested on."""

from tests.index.servers import chroma, postgres

__all__ = ["chroma", "postgres"]
