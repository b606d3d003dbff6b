"""Errors, sorted by what the caller can do about them.

CitewellError
├── BadInput          change the request: a filter, a path, a value, a file
│   └── Unreadable    this one file or document cannot be read; the rest can
├── NotFound          there is no such document, library or model
├── Unsupported       this store or format cannot do that; choose another
├── MissingExtra      install a package; the message says which
├── InUse             another process holds the library; use its server, or stop it
├── ProviderError     a model's or an index's server failed; `retryable` says whether to try again
├── OverBudget        the budget for a question or a day is spent; raise it, or wait
├── OutOfSpace        the disk is full or the folder cannot be written; nothing was changed
└── Corrupt           stored data is damaged; the message says how to restore it

Every message says what happened, the value by its repr, and the remedy. `code` is the exit code of
the command line.
"""

from __future__ import annotations


class CitewellError(Exception):
    """The root: catch this to catch everything that Citewell raises on purpose."""

    code = 1


class BadInput(CitewellError):
    """The request is wrong; change it."""

    code = 2


class Unreadable(BadInput):
    """One file or document cannot be read. `name` is which, `reason` is why, in one line."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class NotFound(CitewellError):
    """There is no such thing here."""

    code = 3


class Unsupported(CitewellError):
    """What was asked cannot be done by this store, format or model."""

    code = 4


class MissingExtra(CitewellError):
    """A package that this needs is not installed."""

    code = 5


class InUse(CitewellError):
    """Another process holds the library. `pid` and `url` (if it serves) name the holder."""

    code = 6

    def __init__(self, message: str, *, pid: int | None = None, url: str | None = None) -> None:
        super().__init__(message)
        self.pid = pid
        self.url = url


class ProviderError(CitewellError):
    """A model's or an index's server failed or refused. `retryable` says whether the same call may succeed later.

    `retry_after` is how many seconds the server asks to wait, where it does; `unpaid`: turned away before any work.
    """

    code = 7

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        unpaid: bool = False,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after
        self.unpaid = unpaid


class OverBudget(CitewellError):
    """A budget is spent: nothing more is asked that costs money. `budget` is the setting, money is US dollars, exact.

    `resets` is when there is money again (ISO 8601, UTC), "" where never: a question's budget is its own.
    """

    code = 12

    def __init__(
        self, message: str, *, budget: str = "", limit: str = "", spent: str = "", resets: str = ""
    ) -> None:
        super().__init__(message)
        self.budget, self.limit, self.spent, self.resets = budget, limit, spent, resets


class OutOfSpace(CitewellError):
    """The disk is full or the folder is read-only. Nothing that was acknowledged is lost."""

    code = 8


class Corrupt(CitewellError):
    """Stored data is damaged."""

    code = 9
