"""What every hosted model has in common: its key, one line for each way it fails, and when to try again."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from citewell.errors import BadInput, ProviderError

T = TypeVar("T")
ATTEMPTS: Final = 3
LONGEST_WAIT: Final = 30.0
"""A server that asks for a longer wait than this is not waited for: who asked is told at once."""
CONNECT_SECONDS: Final = 10.0
SILENT_SECONDS: Final = 120.0
"""Longest silence of a server in the middle of an answer; a local model may read a long prompt first."""
TOO_LONG: Final = re.compile(
    r"context.*(length|size|window|exceed)|(exceed|length|size).*context"
    r"|(too long|too many tokens|max\w* tokens|token limit)",
    re.IGNORECASE,
)
ANSWER_TOO_LONG: Final = re.compile(r"max_(completion_)?tokens", re.IGNORECASE)
REFUSED: Final = re.compile(r"content.?(filter|polic|management)|safety|moderation|harmful", re.IGNORECASE)
UNPAID: Final = re.compile(r"quota|billing|credit balance|payment", re.IGNORECASE)
NO_MODEL: Final = re.compile(
    r"model.*(not found|not exist|unknown|not supported)|(unknown|no such) model", re.I
)
REMEDIES: Final = {
    401: "set the environment variable {key_env} to a key that is valid there",
    402: "the account behind {key_env} has no credit; add some",
    403: "the key in {key_env} may not use this model; choose another, or ask for access",
    404: "check {section}name and {section}url",
    408: "try again later",
    413: "{shorten}",
    429: "wait, or raise the limit of the account",
    529: "it is overloaded; try again later",
}
SHORTEN: Final = {
    "chat.": "the prompt is too long for this model: lower chat.passages, or choose a longer context",
    "embed.": "a passage is too long for this model: lower split.tokens",
    "search.rerank_": "question and passages are too long for this model: lower split.tokens",
}


@dataclass(frozen=True)
class Remote:
    """A model behind `url`. `section` is what its settings begin with: "chat.", "embed." or "search.rerank_".

    The key is `given`, or read from the environment at each call; it is in no message.
    """

    section: str
    name: str
    url: str
    key_env: str
    given: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise BadInput(
                f"{self.section}url is {self.url!r}; set it to the server's address, "
                "such as http://127.0.0.1:11434/v1"
            )
        if not self.name:
            raise BadInput(f"{self.section}name is empty; set it to the name of a model at {self.url!r}")

    def key(self) -> str:
        """Return the key, "" where there is none. BadInput for what no HTTP header can carry."""
        key = self.given or os.environ.get(self.key_env, "").strip()
        if not key.isascii():
            raise BadInput(f"the key in {self.key_env} has characters that no key has; set it anew")
        return key

    @property
    def outside(self) -> bool:
        """Whether it is beyond this machine: a proxy of the environment is for the world outside alone."""
        return urlsplit(self.url).hostname not in ("127.0.0.1", "localhost", "::1")

    def clean(self, said: object) -> str:
        """Return one line of what a server said. Servers repeat the key that they refuse; we do not."""
        key, line = self.key(), " ".join(str(said).split())[:300]
        return line.replace(key, "…") if key else line

    def unreachable(self) -> ProviderError:
        """Nothing listens there."""
        return ProviderError(
            f"nothing answers at {self.url!r}; start it, or set {self.section}url",
            retryable=True,
            unpaid=True,
        )

    def failed(self, what: str) -> ProviderError:
        """The connection broke, or what came over it was no answer."""
        return ProviderError(
            f"{self.url!r} failed ({what}); try again, or look at that server", retryable=True
        )

    def declined(self, why: object) -> ProviderError:
        """The model would not answer."""
        return ProviderError(
            f"{self.name!r} would not answer ({self.clean(why)}); ask in other words, or choose another model"
        )

    def refused(self, status: int, said: object, retry_after: str | None = None) -> ProviderError:
        """Return the error for an HTTP status and what the server said, with the remedy."""
        line = self.clean(said)
        retryable = status in (408, 409, 429) or status >= 500
        if TOO_LONG.search(line) and status != 429:
            remedy, retryable = SHORTEN[self.section], False
        elif ANSWER_TOO_LONG.search(line) and status == 400:
            remedy = "lower chat.max_tokens"
        elif UNPAID.search(line) and status != 401 and not retry_after:
            remedy, retryable = REMEDIES[402], False
        elif NO_MODEL.search(line) and status < 500:
            remedy = REMEDIES[404]
        elif REFUSED.search(line) and status < 500:
            remedy = "the content was refused; ask in other words, or choose another model"
        else:
            other = "try again later" if status >= 500 else "look at that server's log"
            remedy = REMEDIES.get(status, other)
        told = remedy.format(key_env=self.key_env, section=self.section, shorten=SHORTEN[self.section])
        return ProviderError(
            f"{self.name!r} at {self.url!r} answered {status}: {line}; {told}",
            retryable=retryable,
            retry_after=_seconds(retry_after),
            unpaid=True,
        )


async def tried(call: Callable[[], Awaitable[T]]) -> T:
    """Return what `call` returns, trying again up to 3 times what may pass: for what has said nothing yet."""

    async def once() -> T:  # tenacity tells by the function whether there is something to await
        return await call()

    return await AsyncRetrying(sleep=asyncio.sleep, **_policy())(once)


def tried_now(call: Callable[[], T]) -> T:
    """Do what `tried` does, in a thread."""
    return Retrying(**_policy())(call)


def _policy() -> dict[str, Any]:
    return {
        "retry": retry_if_exception(_may_pass),
        "stop": stop_after_attempt(ATTEMPTS),
        "wait": _wait,
        "reraise": True,
    }


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.retryable and (error.retry_after or 0) <= LONGEST_WAIT


def _wait(state: RetryCallState) -> float:
    """Wait as long as the server asks, else exponentially longer; with jitter, so that callers do not march in step."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, ProviderError) else None
    if asked is None:
        return wait_random_exponential(multiplier=0.5, max=8)(state)
    return asked + random.uniform(0, min(1.0, asked / 4))


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        try:
            return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
        except ValueError:
            return None
