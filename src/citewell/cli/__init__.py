"""The command line. Each command is one call of the library, or one request to the server that holds it.

Exit codes: 0 done; the `code` of a CitewellError (2 bad input, 3 not found, 4 unsupported, 5 package
missing, 6 in use, 7 model failed, 8 out of space, 9 damaged or drifted); 10 an answer was refused;
11 some inputs failed and the others were taken in; 12 a budget is spent; 130 Ctrl-C; 1 a bug.
"""

from __future__ import annotations

import sys
from types import TracebackType

import typer

from citewell.cli import (
    chats,
    collections,
    documents,
    operate,
    prompts,
    questions,
    relational,
    sharing,
    sources,
    spending,
)

EPILOG = (
    "Exit codes: 0 done, 2 bad input, 3 not found, 4 unsupported, 5 package missing, 6 library in use, "
    "7 model failed, 8 out of space, 9 damaged, 10 answer refused, 11 some inputs failed, 12 over budget, "
    "130 Ctrl-C."
)

app = typer.Typer(
    help="Question answering over your documents, with citations that are checked.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawing help with rich takes longer than all the rest
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (documents, sources, collections, sharing, questions, chats, operate, relational, spending):
    app.registered_commands += part.app.registered_commands
app.add_typer(prompts.app, name="prompt")
app.add_typer(chats.kept, name="chats")


def main() -> None:
    """Run the command line."""
    sys.excepthook = _one_line
    app()


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody foresaw is a bug: one line, and the way to see more."""
    if "--debug" in sys.argv:
        sys.__excepthook__(kind, error, trace)
        return
    said = " ".join(str(error).split())
    print(f"error: unexpected {kind.__name__}: {said}; --debug shows where", file=sys.stderr)
