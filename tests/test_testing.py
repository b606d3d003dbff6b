"""The stubs that we ship keep the protocols that they stand for."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from citewell.model import Message, Prompt
from citewell.protocols import Chat, Embedder
from citewell.testing import HashEmbedder, ScriptedChat


def test_equal_words_are_nearer_than_others_and_every_row_has_length_one() -> None:
    embedder: Embedder = HashEmbedder()
    texts = ["reset the router", "the router reset", "a cantata in G", ""]
    vectors = embedder.embed(texts, kind="passage")
    assert vectors.shape == (4, embedder.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors[0] @ vectors[1] == pytest.approx(1)
    assert vectors[0] @ vectors[2] < 0.9
    assert np.array_equal(vectors, HashEmbedder().embed(texts, kind="query"))
    assert embedder.count(texts) == [3, 3, 4, 0]


def test_replies_come_one_a_call_with_their_usage_and_prompts_are_kept() -> None:
    scripted = ScriptedChat("It is so [1].", "No.")
    chat: Chat = scripted
    prompt = Prompt("so?", (), (Message("user", "is it so?"),))

    async def say() -> str:
        return "".join([delta.text async for delta in chat.stream(prompt)])

    assert [asyncio.run(say()), asyncio.run(say())] == ["It is so [1].", "No."]
    assert scripted.prompts == [prompt, prompt]
    with pytest.raises(IndexError):
        asyncio.run(say())
