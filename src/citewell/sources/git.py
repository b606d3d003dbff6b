"""A git repository's files, as they are committed on one branch: the git program does the work.

Nothing is checked out, no hook, filter or configuration of the repository is run, and only blobs that changed are
read: a file's stamp is its blob's hash. Of an address, a bare copy is kept beside the library, to which git fetches
what is new, from the very address that was checked, without following redirects.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from citewell.errors import BadInput, MissingExtra, NotFound, ProviderError, Unreadable
from citewell.incoming import Blob, Item
from citewell.read.limits import Limits
from citewell.sources.names import Names
from citewell.sources.url import public_address

FILES: Final = ("100644", "100755")
POINTER: Final = b"version https://git-lfs.github.com/spec/"
SAFE: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.alternateRefsCommand="),
    *("-c", "safe.directory=*", "-c", "credential.helper="),
    *("-c", "http.followRedirects=false", "-c", "fetch.recurseSubmodules=false", "-c", "gc.autoDetach=false"),
    *("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30"),
)
"""A repository's own configuration may name programs to run, and other places to fetch from: none of it counts."""
PASSED: Final = ("PATH", "SYSTEMROOT", "SSL_CERT_FILE", "GIT_SSL_CAINFO")
PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Whoever allows private addresses may have a proxy in the way; elsewhere one would look names up unchecked."""


@dataclass(frozen=True)
class Git:
    """The readable files of `branch` (a branch, tag or commit; "" is what HEAD is) of the repository at `url`.

    `url` is a folder of this machine, or an http(s) address without a password; `token` is sent to that address only.
    Documents are named `repository/path`; `called` names the source, and stands for the repository in ids. `cache`
    holds copies of addresses. BadInput for other addresses, NotFound for a folder that is no repository. After a
    listing, `memory` has the `commit`.
    """

    url: str
    branch: str = ""
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    token: str = field(default="", repr=False)
    private: bool = False
    cache: Path | None = None
    max_bytes: int = Limits().max_bytes
    max_seconds: float = 600.0
    called: str = ""
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    _names: Names = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.is_remote:
            object.__setattr__(self, "url", _local(self.url))
        else:
            _check_address(self.url)
        if not re.fullmatch(r"(?!-)[\w./@+-]*", self.branch) or ".." in self.branch:
            raise BadInput(
                f"the branch {self.branch!r} is not a name that git knows; give a branch, tag or commit"
            )
        object.__setattr__(self, "_names", Names(self.include, self.exclude))

    @property
    def is_remote(self) -> bool:
        return "://" in self.url or "::" in self.url or not os.path.exists(self.url)

    @property
    def name(self) -> str:
        return f"git:{self.called or self.url}"

    @property
    def repository(self) -> str:
        """The name that ids begin with."""
        if self.called:
            return self.called
        return Path(urlsplit(self.url).path if self.is_remote else self.url).name.removesuffix(".git")

    def items(self) -> Iterator[Item]:
        """List the files of the branch, in order of path. ProviderError when a fetch fails, NotFound for a branch."""
        self._names.skipped.clear()
        commit = self._commit()
        found = []
        for line in self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0"):
            if not line:
                continue
            about, _, path = line.partition(b"\t")
            mode, _, blob, size = about.decode().split()
            name = path.decode("utf-8", "surrogateescape")
            if mode not in FILES:
                self._names.skipped["link" if mode == "120000" else "submodule"] += 1
            elif not name.isprintable():
                self._names.skipped["name that is not text"] += 1
            elif self._names.takes(name):
                id_ = f"{self.repository}/{name}"
                found.append(Item(id_, blob, int(size) if size.isdigit() else 0))  # it may be damaged
        self.memory["commit"] = commit
        return iter(found)

    def fetch(self, item: Item) -> Blob:
        """Return a file's bytes. Unreadable when they are too many, or kept elsewhere (Git LFS)."""
        if item.size > self.max_bytes:
            raise Unreadable(item.id, f"has {item.size} bytes, more than {self.max_bytes} (read.max_bytes)")
        data = self._git("cat-file", "blob", item.stamp)
        if data.startswith(POINTER):
            raise Unreadable(item.id, "is kept in Git LFS, and only its pointer is in the repository")
        path = item.id.removeprefix(f"{self.repository}/")
        fields = {"path": path, "repository": self.url}
        return Blob(item.id, data, source=f"{self.url}/{path}", fields=fields)

    def skipped(self) -> Mapping[str, int]:
        """Return how many files the last `items()` left out, by reason."""
        return dict(self._names.skipped.most_common())

    @property
    def _folder(self) -> Path:
        if not self.is_remote:
            return Path(self.url)
        from platformdirs import user_cache_path

        kept = self.cache or user_cache_path("citewell") / "git"
        return kept / f"{self.repository}-{sha256(self.url.encode()).hexdigest()[:16]}"

    def _commit(self) -> str:
        """Return the hash of the commit to list; of an address, after fetching it."""
        if self.is_remote:
            self._fetch()
            return self._git("rev-parse", "--verify", "FETCH_HEAD^{commit}").decode().strip()
        wanted = f"{self.branch or 'HEAD'}^{{commit}}"
        return self._git("rev-parse", "--verify", "--end-of-options", wanted).decode().strip()

    def _fetch(self) -> None:
        """Bring the copy up to date: only objects that it does not have are sent."""
        folder = self._folder
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git("init", "--quiet", "--bare", str(folder))
        reference = self.branch or "HEAD"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force")
        words = ("fetch", *options, "--end-of-options", self.url, f"{reference}:refs/citewell/tip")
        self._git(*words, config=self._pinned())

    def _pinned(self) -> tuple[str, ...]:
        """Name the address that the host was checked to have: git looks nothing up by itself."""
        if self.private:
            return ()
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = public_address(parts.hostname, port, self.url)
        return ("-c", f"http.curloptResolve={parts.hostname}:{port}:{address}")

    def _git(self, *words: str, config: Sequence[str] = ()) -> bytes:
        """Run git, and return what it printed. No shell, no prompt, no configuration but ours."""
        program = shutil.which("git")
        if program is None:
            raise MissingExtra("a git source needs the program 'git'; install it")
        where = () if words[0] == "init" else (f"--git-dir={_git_dir(self._folder)}",)
        try:
            done = subprocess.run(
                [program, *SAFE, *config, *where, *words],
                env=self._environment(words[0] == "fetch"),
                capture_output=True,
                timeout=self.max_seconds,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ProviderError(
                f"git {words[0]} of {self.url!r} took more than {self.max_seconds:g} s", retryable=True
            ) from error
        if done.returncode:
            raise self._failed(words, done.stderr.decode("utf-8", "replace"))
        return done.stdout

    def _environment(self, network: bool) -> dict[str, str]:
        """The token goes in by the environment, where other users of this machine cannot read it.

        GIT_ALLOW_PROTOCOL goes before what a repository's own configuration allows.
        """
        passed = (*PASSED, *(PROXIES if self.private else ()))
        given = {name: os.environ[name] for name in passed if name in os.environ}
        given |= {"GIT_ALLOW_PROTOCOL": urlsplit(self.url).scheme if network else ""}
        given |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
        given |= {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "HOME": os.devnull}
        if self.token and network:
            basic = b64encode(f"x-access-token:{self.token}".encode()).decode()
            given |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.url}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            }
        return given

    def _failed(self, words: Sequence[str], said: str) -> Exception:
        line = " ".join(said.split())[:300].replace(self.token or "\0", "***")
        if "couldn't find remote ref" in line or "Needed a single revision" in line:
            return NotFound(
                f"{self.url!r} has no branch, tag or commit {self.branch or 'HEAD'!r}; check the branch"
            )
        if words[0] == "fetch":
            return ProviderError(f"git cannot fetch {self.url!r}: {line}", retryable=True)
        return BadInput(f"git {words[0]} of {self.url!r} failed: {line}; check the repository")


def _local(path: str) -> str:
    found = Path(path).expanduser()
    if path.startswith("-") or not (_git_dir(found) / "HEAD").exists():
        raise NotFound(f"{path!r} is no git repository; give a folder with one, or an http(s) address")
    return str(found.resolve())


def _git_dir(folder: Path) -> Path:
    """Return where a repository's objects are: beside a working tree, or the folder itself when it is bare."""
    inside = folder / ".git"
    if inside.is_file():  # a worktree, or a submodule: it says where
        said = inside.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
        return (folder / said).resolve()
    return inside if inside.is_dir() else folder


def _check_address(url: str) -> None:
    """A password would stand in the configuration, and in messages; other transports run programs."""
    try:
        parts = urlsplit(url)
        password = "@" in url
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        fine, password = False, False
    if password:
        raise BadInput(
            "a git address has a name or password in it (user@): of what is reached over SSH keep a clone, and name "
            "its folder; for http(s) set token_env"
        )
    if not fine or not url.isprintable() or " " in url or "?" in url or "#" in url:
        raise BadInput(
            f"{url!r} is no folder and no http(s) address; of other repositories keep a clone, and name its folder"
        )
