"""Embedders and chat models: one adapter, one file."""
