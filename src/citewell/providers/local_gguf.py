"""A GGUF model on this machine, through llama.cpp's own server inside our process (extra `local`)."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import xllamacpp

from citewell.errors import BadInput, NotFound, ProviderError
from citewell.model import Delta, Prompt
from citewell.providers.openai_compatible import OpenAICompatible

CONTEXT: Final = 8192
"""Tokens of prompt and answer together."""


class LocalGguf:
    """A model in a GGUF file, loaded at the first question. It listens on a free loopback port, for us.

    NotFound when the file is not there, BadInput when it is no GGUF, ProviderError when llama.cpp cannot load it.
    """

    def __init__(self, path: Path | str | None, *, max_tokens: int = 512) -> None:
        if not path:
            raise BadInput("chat.path is empty; set it to a GGUF file")
        self._path = Path(path)
        if not self._path.is_file():
            raise NotFound(f"there is no model file {str(self._path)!r}; set chat.path to a GGUF file")
        with open(self._path, "rb") as file:
            if file.read(4) != b"GGUF":
                raise BadInput(f"{str(self._path)!r} is not a GGUF file; set chat.path to one")
        self.name = self._path.stem
        self._max_tokens = max_tokens
        self._starting = threading.Lock()
        self._server: Any = None
        self._key = secrets.token_hex(16)  # nobody else on this machine may use it

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer token by token. Closing the iterator stops the model."""
        await asyncio.to_thread(self._start)
        url = f"{self._server.listening_address}/v1"
        remote = OpenAICompatible(url, self.name, key=self._key, max_tokens=self._max_tokens)
        async with aclosing(remote.stream(prompt)) as deltas:  # type: ignore[type-var]
            async for delta in deltas:
                yield delta

    def _start(self) -> None:
        with self._starting:
            if self._server is not None:
                return
            settings = xllamacpp.CommonParams()
            settings.model.path = str(self._path)
            settings.n_ctx = CONTEXT
            settings.n_parallel = 1
            settings.cpuparams.n_threads = os.cpu_count() or 1
            settings.hostnames, settings.port = ["127.0.0.1"], 0
            settings.api_keys = [self._key]
            settings.warmup, settings.verbosity = False, -1
            try:
                self._server = xllamacpp.Server(settings)
            except (RuntimeError, ValueError) as error:
                raise ProviderError(f"llama.cpp cannot load {str(self._path)!r}: {error}") from None
