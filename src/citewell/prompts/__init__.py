"""Prompt files: those that come with Citewell, and those of the user's folder."""

from citewell.prompts.load import chosen, templates, writer_of

__all__ = ["chosen", "templates", "writer_of"]
