"""Folders: what is listed, what is left out, and what links and permissions may not do."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from citewell.errors import NotFound, Unreadable
from citewell.incoming import Item
from citewell.sources.folder import Folder


def fill(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}\n")


def ids(folder: Folder) -> list[str]:
    return [item.id for item in folder.items()]


def test_readable_files_are_listed_in_order_and_the_rest_is_counted(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "b.md",
        "a/c.rst",
        "a.txt",
        "x.bin",
        ".git/x.md",
        "node_modules/y.md",
        "README",
        ".hidden.md",
    )
    folder = Folder(tmp_path)
    assert ids(folder) == ["README", "a.txt", "a/c.rst", "b.md"]
    assert folder.skipped() == {".bin": 1}


def test_include_and_exclude_are_patterns_of_names_and_paths(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "b.rst", "drafts/c.md", "d/e.md")
    assert ids(Folder(tmp_path, include=("*.md",), exclude=("drafts",))) == ["a.md", "d/e.md"]
    assert ids(Folder(tmp_path, include=("d/*",))) == ["d/e.md"]


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    fill(tmp_path, "a.md")
    (before,) = Folder(tmp_path).items()
    time.sleep(0.01)
    (tmp_path / "a.md").write_text("text of b.md\n")
    (after,) = Folder(tmp_path).items()
    assert before.id == after.id
    assert before.stamp != after.stamp


def test_a_fetched_file_knows_its_path_and_time(tmp_path: Path) -> None:
    fill(tmp_path, "a/b.md")
    os.utime(tmp_path / "a/b.md", (0, 86400))
    folder = Folder(tmp_path)
    blob = folder.fetch(next(folder.items()))
    assert (blob.name, blob.data, blob.source) == ("a/b.md", b"text of a/b.md\n", str(tmp_path / "a/b.md"))
    assert dict(blob.fields) == {"path": "a/b.md", "modified": "1970-01-02T00:00:00+00:00"}


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "b.md")
    folder = Folder(tmp_path / "a.md")
    assert ids(folder) == ["a.md"]
    assert folder.fetch(next(folder.items())).data == b"text of a.md\n"


def test_links_to_outside_and_loops_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "out/secret.md", "root/a.md", "root/d/b.md")
    root = tmp_path / "root"
    (root / "secret.md").symlink_to(tmp_path / "out/secret.md")
    (root / "outside").symlink_to(tmp_path / "out")
    (root / "d/loop").symlink_to(root)
    (root / "dangling.md").symlink_to(root / "nothing.md")
    (root / "same.md").symlink_to(root / "a.md")
    folder = Folder(root)
    assert ids(folder) == ["a.md", "d/b.md", "same.md"]
    assert folder.skipped() == {"link to outside or to nothing": 3, "link in a loop": 1}
    for name in ("secret.md", "outside/secret.md", "../out/secret.md"):
        with pytest.raises(Unreadable, match="outside"):
            folder.fetch(Item(name, ""))


def test_a_file_that_is_gone_or_huge_is_one_clear_line(tmp_path: Path) -> None:
    fill(tmp_path, "a.md", "b.md")
    folder = Folder(tmp_path)
    first, second = folder.items()
    (tmp_path / "a.md").unlink()
    with pytest.raises(Unreadable, match=r"^a\.md: cannot be opened|^a\.md: is a link"):
        folder.fetch(first)
    with pytest.raises(Unreadable, match=r"read\.max_bytes"):
        Folder(tmp_path, max_bytes=3).fetch(second)


def test_a_forbidden_file_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a.md")
    folder = Folder(tmp_path)
    (item,) = folder.items()
    (tmp_path / "a.md").chmod(0)
    if os.geteuid() == 0:  # root may read everything: the system's answer is played

        def forbidden(path: Path) -> bytes:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(Unreadable, match=r"^a\.md: cannot be opened: Permission denied$"):
        folder.fetch(item)


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        Folder(tmp_path / "nothing")
