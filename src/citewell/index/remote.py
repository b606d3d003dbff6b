"""What indexes at a server share: the key, whose collection it is, errors with a remedy, tries."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from citewell.errors import BadInput, Corrupt, ProviderError
from citewell.index.lexical import VERSION
from citewell.protocols import Place

T = TypeVar("T")
ATTEMPTS: Final = 3
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,46}[A-Za-z0-9]")
"""What every store takes for the name of a collection."""


@dataclass(frozen=True)
class Server:
    """A place at a server, in the words of its errors. `own_key` is the variable that this store's key is in."""

    store: str
    place: Place
    own_key: str

    def __post_init__(self) -> None:
        if not self.place.url:
            raise BadInput(f"index.url is {self.place.url!r}; set it to the address of {self.store}")
        if not NAME.fullmatch(self.place.collection):
            raise BadInput(
                f"index.collection is {self.place.collection!r}; use 3 to 48 letters, digits, _ and -, "
                "with a letter or digit at both ends"
            )

    @property
    def key_env(self) -> str:
        return self.place.key_env or self.own_key

    def key(self) -> str:
        """Return the key or password, "" where there is none."""
        return os.environ.get(self.key_env, "").strip()

    @property
    def url(self) -> str:
        """The address as it may be shown: whatever could be a secret in it is left out."""
        parts = urlsplit(self.place.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))

    def clean(self, said: object) -> str:
        """Return one line of what the server said, without the key."""
        key, line = self.key(), " ".join(str(said).split())[:300]
        return line.replace(key, "…") if key else line

    def unreachable(self, said: object = "") -> ProviderError:
        """Nothing answers, or the connection broke."""
        why = f" ({self.clean(said)})" if said else ""
        return ProviderError(
            f"{self.store} does not answer at {self.url!r}{why}; start it, or set index.url", retryable=True
        )

    def slow(self) -> ProviderError:
        """It took too long. Not tried again at once: that would only make it slower."""
        return ProviderError(
            f"{self.store} at {self.url!r} did not answer within {self.place.timeout:g} s; look at its load, "
            "or raise index.timeout",
            retryable=True,
            retry_after=self.place.timeout,
        )

    def denied(self, said: object = "") -> ProviderError:
        """The key or password is wrong, or is missing."""
        which = (
            f"the key in ${self.key_env}"
            if self.key()
            else f"a request without a key (${self.key_env} is empty)"
        )
        why = f" ({self.clean(said)})" if said else ""
        return ProviderError(f"{self.store} at {self.url!r} refused {which}{why}; set ${self.key_env} anew")

    def failed(self, said: object, status: int = 0) -> ProviderError:
        """Any other answer that is none."""
        what = f"answered {status}" if status else "failed"
        return ProviderError(
            f"{self.store} at {self.url!r} {what}: {self.clean(said)}; look at its log",
            retryable=status >= 500,
        )

    def gone(self) -> Corrupt:
        """The collection was there and is not any more."""
        return Corrupt(
            f"the collection {self.place.collection!r} is gone from {self.store} at {self.url!r}; open the library "
            "anew, and it is made again from the catalog"
        )

    def made(self, dimensions: int) -> dict[str, str]:
        """Return what is noted beside a collection: whose it is and how it was made."""
        return {"library": self.place.library, "terms": str(VERSION), "dimensions": str(dimensions)}

    def fits(self, noted: Mapping[str, str], dimensions: int) -> bool:
        """Say whether a collection may be used; False for one that an older analyser made, which is made anew.

        BadInput for another library's, and for vectors of another length.
        """
        wanted = self.made(dimensions)
        if noted.get("library") != wanted["library"]:
            raise BadInput(
                f"the collection {self.place.collection!r} at {self.url!r} is another library's; choose another name "
                "for index.collection"
            )
        if noted.get("dimensions") != wanted["dimensions"]:
            raise BadInput(
                f"the collection {self.place.collection!r} at {self.url!r} holds vectors of "
                f"{noted.get('dimensions')} numbers, the embedder makes {dimensions}; choose another name for "
                "index.collection"
            )
        return noted.get("terms") == wanted["terms"]


def tried(call: Callable[[], T]) -> T:
    """Return what `call` returns, trying again at once what may pass: every call of an index may be repeated."""
    return Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=1),
        reraise=True,
    )(call)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.retryable and error.retry_after is None
