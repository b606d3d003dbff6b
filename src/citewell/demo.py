"""`make demo`: real documentation in, three cited answers out, then the page and the API until Ctrl-C.

    python -m citewell.demo [--docs FOLDER] [--port 8000] [--folder .demo] [--once]

Without --docs it is the Django documentation, from Django's source distribution as the package client
fetches it. The page answers while documents are still being taken in.
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402  (the clock starts before the imports: they are part of "ready in")
import hashlib  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tarfile  # noqa: E402
import threading  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from dataclasses import dataclass, field, replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Final  # noqa: E402

from citewell.cli.documents import prepare_model  # noqa: E402
from citewell.cli.output import print_answer  # noqa: E402
from citewell.cli.progress import Listed, Tally, bar  # noqa: E402
from citewell.config import Loaded, load  # noqa: E402
from citewell.errors import CitewellError, NotFound, ProviderError  # noqa: E402
from citewell.incoming import Added, Blob, Failure, Item  # noqa: E402
from citewell.model import Answer, Query  # noqa: E402
from citewell.protocols import Source  # noqa: E402

if TYPE_CHECKING:
    from citewell.library import Library

DJANGO: Final = "5.2.19"
DJANGO_SHA256: Final = "ad03d8abc51dbff95ebf34b27123cf0c26a3b62db7ba0cd520783686362533d1"
QUESTIONS: Final = (
    "How do I cache a view for 15 minutes?",
    "When should I use select_related?",
    "How do I write a data migration?",
)


class Stopped(Exception):
    """Ctrl-C came while documents were being taken in; what was acknowledged is kept."""


@dataclass
class Demo:
    """One run: an open library, the folder it is filled from, and whether to stop after the questions."""

    library: Library
    source: Source
    questions: Sequence[str]
    once: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    failed: list[CitewellError] = field(default_factory=list)

    def run(self) -> None:
        """Take in, ask, and say where the page is; what goes wrong is kept for the main thread."""
        try:
            self._take_in()
            for question in self.questions or headings(self.library):
                show(question, self.library.ask(Query(question)))
        except Stopped:
            return
        except CitewellError as error:
            self.failed.append(error)
            stop()
            return
        if self.once:
            stop()
        else:
            print("\nAsk more on the page; Ctrl-C stops.", flush=True)

    def _take_in(self) -> None:
        with bar("documents") as shown:
            tally = Tally(shown)

            def report(outcome: Added | Failure | str) -> None:
                tally(outcome)
                if self.stopping.is_set():  # documents that were read ahead are not waited for
                    raise Stopped

            self.library.sync(Listed(Stoppable(self.source, self.stopping), tally), report)
        print(tally.line())
        print(f"ready in {time.perf_counter() - STARTED:.1f} s", flush=True)


@dataclass(frozen=True)
class Stoppable:
    """A source that ends with Stopped once it is told to."""

    source: Source
    stopping: threading.Event

    @property
    def name(self) -> str:
        return self.source.name

    def items(self) -> Iterator[Item]:
        return self.source.items()

    def fetch(self, item: Item) -> Blob:
        if self.stopping.is_set():
            raise Stopped
        return self.source.fetch(item)


@dataclass(frozen=True)
class Sphinx:
    """A folder whose .txt files are reStructuredText, as Django's are."""

    source: Source

    @property
    def name(self) -> str:
        return self.source.name

    def items(self) -> Iterator[Item]:
        return self.source.items()

    def fetch(self, item: Item) -> Blob:
        return replace(self.source.fetch(item), media_type="text/x-rst")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    options = _options(arguments)
    try:
        return demo(options)
    except CitewellError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("interrupted; everything that was acknowledged is kept", file=sys.stderr)
        return 130


def demo(options: argparse.Namespace) -> int:
    """Fetch, open, serve; the rest runs beside the server, from the moment it answers."""
    from citewell.assemble import assemble
    from citewell.server.run import serve

    source, name = _source(options.docs, options.folder)
    loaded = _loaded(options, name)
    prepare_model(loaded)
    with assemble(loaded.config, create=True) as library:
        run = Demo(library, source, () if options.docs else QUESTIONS, options.once)
        worker = threading.Thread(target=run.run, name="demo")

        def ready(url: str) -> None:
            library.announce(url)
            print(f"the page and the API: {url}", flush=True)
            worker.start()

        server = loaded.config.server
        try:
            serve(library, server.host, server.port, os.environ.get(server.key_env), ready)
        finally:
            run.stopping.set()
            if worker.ident is not None:
                if worker.is_alive() and not options.once:
                    print("stopping; what was taken in is kept", flush=True)
                worker.join()
    if run.failed:
        raise run.failed[0]
    return 0


def stop() -> None:
    """End the server that runs in the main thread, as Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGINT)


def show(question: str, answer: Answer) -> None:
    """Print a question, its cited answer, and where the time went."""
    print(f"\n── {question}")
    print_answer(answer)
    seconds = answer.seconds
    spent = ", ".join(f"{step} {value * 1000:.0f} ms" for step, value in seconds.items())
    print(f"({answer.model}, {answer.verdict}: {spent})", flush=True)


def headings(library: Library) -> list[str]:
    """Return three questions about documents of the user's own: their titles."""
    entries = [entry for entry in library.list(limit=1000) if entry.title and entry.passages > 1]
    step = max(1, len(entries) // 3)
    return [f"What is said about {entry.title}?" for entry in entries[::step][:3]]


def django(folder: Path) -> Path:
    """Return the folder of Django's documentation, fetched and unpacked on the first call."""
    docs = folder / f"django-{DJANGO}" / "docs"
    if (docs / "index.txt").exists():
        return docs
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"django-{DJANGO}.tar.gz"
    if not archive.exists():
        print(f"fetching the documentation of Django {DJANGO} …", flush=True)
        _download(folder)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != DJANGO_SHA256:
        archive.unlink()
        raise ProviderError(f"{archive.name} is not the file that was expected; run it again")
    _unpack(archive, folder)
    return docs


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "django", "--dest", str(folder), f"django=={DJANGO}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ProviderError(
            f"Django's documentation cannot be fetched ({said}); use your own: make demo DOCS=folder"
        )


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the documentation's text alone; index.txt last, as it says that all is there."""
    inside = f"django-{DJANGO}/docs/"
    with tarfile.open(archive) as tar:
        wanted = [
            one for one in tar if one.isfile() and one.name.startswith(inside) and one.name.endswith(".txt")
        ]
        wanted.sort(key=lambda one: one.name == f"{inside}index.txt")
        tar.extractall(folder, wanted, filter="data")


def _source(docs: Path | None, folder: Path) -> tuple[Source, str]:
    from citewell.sources.folder import Folder

    if docs is None:
        return Sphinx(Folder(django(folder))), "library"
    if not docs.is_dir():
        raise NotFound(f"there is no folder {str(docs)!r}; name one: make demo DOCS=path/to/folder")
    digest = hashlib.sha256(str(docs.resolve()).encode()).hexdigest()[:8]
    return Folder(docs), f"library-{docs.resolve().name}-{digest}"


def _loaded(options: argparse.Namespace, name: str) -> Loaded:
    return load(
        {
            "library.path": options.folder / name,
            "server.port": options.port,
            "embed.model": options.embed,
        },
        os.environ,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m citewell.demo", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--docs", type=_path, help="a folder of your own")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="where it keeps everything")
    parser.add_argument("--embed", help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="stop after the questions")
    return parser.parse_args(arguments)


def _path(text: str) -> Path | None:
    """`make demo` passes an empty text when no folder is named."""
    return Path(text) if text else None


if __name__ == "__main__":
    sys.exit(main())
