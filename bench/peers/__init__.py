"""Citewell and its peers behind one small protocol, each run in an environment of its own."""
