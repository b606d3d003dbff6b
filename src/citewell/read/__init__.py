"""What does this file say? Bytes -> documents with their structure."""

from citewell.read.blocks import blocks, sniff_syntax
from citewell.read.limits import Limits
from citewell.read.read import read

__all__ = ["Limits", "blocks", "read", "sniff_syntax"]
