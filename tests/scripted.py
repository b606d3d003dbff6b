"""A library whose chat model is a script, for tests of what happens around a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citewell import assemble as assembling
from citewell.library import Library
from citewell.model import Document
from citewell.settings import Config
from citewell.testing import ScriptedChat

Open = Callable[..., Library]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a library of one document with a scripted model, and any settings of `chat`."""
    with ExitStack() as stack:

        def open_(chat: ScriptedChat, **settings: Any) -> Library:
            stack.close()  # the one before
            monkeypatch.setattr(assembling, "_chat", lambda *_: chat)
            config = Config()
            config = replace(
                config,
                library=replace(config.library, path=tmp_path / "library"),
                embed=replace(config.embed, model="hash"),
                chat=replace(config.chat, **{"model": "openai", **settings}),
            )
            library = stack.enter_context(assembling.assemble(config, create=True))
            library.add(Document("lamp", "The lamp glows blue at night.", "Lamp"))
            return library

        yield open_
