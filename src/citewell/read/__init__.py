"""Bytes -> documents: which format is it, what text is in it, how is it built? One table of formats."""

from citewell.read.blocks import blocks, sniff_syntax
from citewell.read.file import read
from citewell.read.formats import readable
from citewell.read.limits import Limits

__all__ = ["Limits", "blocks", "read", "readable", "sniff_syntax"]
