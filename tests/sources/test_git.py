"""Git repositories: real ones, in a folder and over HTTP (git's own http-backend)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from citewell.errors import BadInput, NotFound, ProviderError, Unreadable
from citewell.sources import url as addresses
from citewell.sources.git import Git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs the program git")


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, **files: str | None) -> str:
    """Write files ("a_md": a.md, "__": a slash; None removes) and commit them."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, a_md="alpha", guide__b_md="beta")
    return folder


def ids(source: Git) -> list[str]:
    return [item.id for item in source.items()]


def test_committed_files_are_listed_and_read_and_the_commit_is_remembered(repository: Path) -> None:
    (repository / "new.md").write_text("not committed")
    source = Git(str(repository))
    first, second = source.items()
    assert (first.id, second.id) == ("handbook/a.md", "handbook/guide/b.md")
    blob = source.fetch(second)
    assert (blob.data, blob.source) == (b"beta", f"{repository}/guide/b.md")
    assert blob.fields["path"] == "guide/b.md"
    assert source.memory == {"commit": git(repository, "rev-parse", "HEAD")}


def test_only_changed_files_have_another_stamp_and_removed_ones_are_gone(repository: Path) -> None:
    before = {item.id: item.stamp for item in Git(str(repository)).items()}
    commit(repository, a_md="alpha two", c_md="gamma")
    after = {item.id: item.stamp for item in Git(str(repository)).items()}
    assert [one for one in after if after[one] != before.get(one)] == ["handbook/a.md", "handbook/c.md"]
    commit(repository, a_md=None)
    assert ids(Git(str(repository))) == ["handbook/c.md", "handbook/guide/b.md"]


def test_a_branch_a_tag_and_a_commit_can_be_named(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "v1")
    git(repository, "checkout", "-qb", "topic/x")
    commit(repository, t_md="topic")
    git(repository, "checkout", "-q", "main")
    assert "handbook/t.md" in ids(Git(str(repository), "topic/x"))
    assert "handbook/t.md" not in ids(Git(str(repository)))
    assert ids(Git(str(repository), "v1")) == ids(Git(str(repository), first)) == ids(Git(str(repository)))
    with pytest.raises(NotFound, match="'nothing'"):
        ids(Git(str(repository), "nothing"))


def test_patterns_links_submodules_and_names_that_are_no_text(repository: Path) -> None:
    os.symlink("a.md", repository / "link.md")
    with open(os.fsencode(repository) + b"/\xff.md", "wb") as file:
        file.write(b"x")
    commit(repository, node_modules__x_md="x", drafts__d_md="d")
    git(
        repository,
        "update-index",
        "--add",
        "--cacheinfo",
        f"160000,{git(repository, 'rev-parse', 'HEAD')},sub",
    )
    git(repository, "commit", "-qm", "submodule")
    source = Git(str(repository), exclude=("drafts",))
    assert ids(source) == ["handbook/a.md", "handbook/guide/b.md"]
    assert source.skipped() == {"excluded": 2, "link": 1, "submodule": 1, "name that is not text": 1}
    assert ids(Git(str(repository), include=("guide/*",))) == ["handbook/guide/b.md"]


def test_a_file_that_is_too_large_or_kept_in_lfs_fails_alone(repository: Path) -> None:
    commit(repository, big_md="x" * 99, lfs_md="version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    source = Git(str(repository), max_bytes=90)
    items = {item.id: item for item in source.items()}
    with pytest.raises(Unreadable, match=r"read\.max_bytes"):
        source.fetch(items["handbook/big.md"])
    with pytest.raises(Unreadable, match="LFS"):
        source.fetch(items["handbook/lfs.md"])


def test_nothing_that_a_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = tmp_path / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.alternateRefsCommand",
        "core.askPass",
    ):
        git(repository, "config", key, str(script))
    git(repository, "config", "filter.x.smudge", str(script))
    git(repository, "config", "protocol.ext.allow", "always")
    git(repository, "config", "extensions.partialClone", "origin")
    git(repository, "config", "remote.origin.url", f"ext::{script}")
    git(repository, "config", "remote.origin.promisor", "true")
    hook = repository / ".git/hooks/post-checkout"
    hook.write_text(script.read_text())
    hook.chmod(0o755)
    blob = git(repository, "rev-parse", "HEAD:a.md")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()  # it would be fetched from the "promisor"
    mark.unlink(missing_ok=True)
    source = Git(str(repository))
    with pytest.raises(BadInput):
        [source.fetch(item) for item in source.items()]
    assert not mark.exists()


@pytest.mark.parametrize(
    "url",
    [
        *(
            "--upload-pack=touch x",
            "-x",
            "ext::sh -c touch% x",
            "file:///etc",
            "ssh://host/x",
            "git@host:x.git",
        ),
        *(
            "https://user:secret@example.com/x.git",
            "http://",
            "nothing",
            "https://example.com/x y",
            "git://h/x",
        ),
    ],
)
def test_addresses_that_are_no_folder_and_not_http_are_refused(url: str) -> None:
    with pytest.raises((BadInput, NotFound)) as raised:
        Git(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("branch", ["--upload-pack=x", "-b", "a b", "a..b", "x:y", "+x", "a\nb", "$(x)"])
def test_a_branch_that_is_no_name_is_refused(repository: Path, branch: str) -> None:
    if branch == "+x":
        with pytest.raises((BadInput, NotFound)):
            ids(Git(str(repository), branch))
        return
    with pytest.raises(BadInput, match="is not a name"):
        Git(str(repository), branch)


class Backend(BaseHTTPRequestHandler):
    """Git's own server program behind HTTP; with a token, it wants one."""

    root = Path()
    token = ""
    asked: tuple[str, ...] = ()
    to = ""

    def do_GET(self) -> None:
        type(self).asked += (self.path,)
        wanted = b64encode(f"x-access-token:{self.token}".encode()).decode()
        if self.token and self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return
        if self.to:
            self.send_response(302)
            self.send_header("Location", self.to + self.path)
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        given = {"GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path}
        given |= {"QUERY_STRING": query, "REQUEST_METHOD": self.command, "PATH": os.environ["PATH"]}
        given |= {"CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_ADDR": "127.0.0.1"}
        given |= {"HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}
        given |= {"GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "GIT_CONFIG_COUNT": "1"}
        given |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = subprocess.run(["git", "http-backend"], env=given, input=body, capture_output=True).stdout
        head, _, data = said.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def backend(repository: Path) -> Iterator[type[Backend]]:
    handler = type("Here", (Backend,), {"root": repository.parent})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_port}/handbook/.git"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler
    server.shutdown()
    server.server_close()


def remote(backend: Any, tmp_path: Path, **options: Any) -> Git:
    given = {"private": True, "cache": tmp_path / "cache", "called": "handbook"}
    return Git(options.pop("url", backend.url), **{**given, **options})


def test_a_repository_over_http_is_fetched_and_then_only_what_is_new(
    backend: Any, repository: Path, tmp_path: Path
) -> None:
    source = remote(backend, tmp_path)
    assert ids(source) == ["handbook/a.md", "handbook/guide/b.md"]
    assert source.fetch(next(source.items())).data == b"alpha"
    last = commit(repository, c_md="gamma")
    again = remote(backend, tmp_path)
    assert ids(again) == ["handbook/a.md", "handbook/c.md", "handbook/guide/b.md"]
    assert again.memory == {"commit": last}
    git(repository, "checkout", "-qb", "topic")
    commit(repository, a_md=None)
    assert "handbook/a.md" not in ids(remote(backend, tmp_path, branch="topic"))
    git(repository, "checkout", "-q", "main")
    git(repository, "commit", "--amend", "-qm", "rewritten history")
    assert "handbook/a.md" in ids(remote(backend, tmp_path))


def test_a_token_is_sent_and_never_said(backend: Any, tmp_path: Path) -> None:
    backend.token = "hidden-word"
    assert ids(remote(backend, tmp_path, token="hidden-word"))
    for wrong in ("", "wrong-word"):
        with pytest.raises(ProviderError, match="cannot fetch") as raised:
            ids(remote(backend, tmp_path, token=wrong))
        assert "word" not in str(raised.value)
    assert "hidden-word" not in repr(remote(backend, tmp_path, token="hidden-word"))
    kept = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not [
        data for data in kept if b"hidden-word" in data or b64encode(b"x-access-token:hidden-word") in data
    ]


def test_a_private_address_a_redirect_and_a_server_that_is_down_are_refused(
    backend: Any, tmp_path: Path
) -> None:
    with pytest.raises(Unreadable, match="not a public address"):
        ids(remote(backend, tmp_path, private=False))
    assert backend.asked == ()
    backend.to = "http://localhost:1"
    with pytest.raises(ProviderError, match="cannot fetch"):
        ids(remote(backend, tmp_path))
    with pytest.raises(ProviderError, match="cannot fetch"):
        ids(remote(backend, tmp_path, url="http://127.0.0.1:9/x.git"))


def test_git_connects_to_the_address_that_was_checked(
    backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: resolve("127.0.0.1", *a, **k))
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    url = backend.url.replace(
        "127.0.0.1", "git.site.example"
    )  # no name server knows it: git cannot look it up
    assert ids(remote(backend, tmp_path, url=url, private=False)) == ["handbook/a.md", "handbook/guide/b.md"]
