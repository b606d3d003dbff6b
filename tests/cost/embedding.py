"""A stub of an embedding service: vectors of two numbers, and a token for each word."""

from __future__ import annotations

import json
from typing import Any

from tests.providers.stub import Reply


def embedding(_: str, body: dict[str, Any]) -> Reply:
    data = [{"index": at, "embedding": [1.0, len(text) / 100]} for at, text in enumerate(body["input"])]
    read = sum(len(text.split()) for text in body["input"])
    return 200, {}, json.dumps({"data": data, "usage": {"prompt_tokens": read}}).encode()
