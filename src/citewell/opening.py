"""Before a library opens: where its catalog is, whether there is one, whether the embedded index is still its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING
from uuid import uuid4

from citewell import plugins
from citewell.errors import BadInput, Corrupt, NotFound, OutOfSpace
from citewell.protocols import Index, Place

if TYPE_CHECKING:
    from citewell.catalog import At, Catalog
    from citewell.settings import Config


def place(config: Config) -> At:
    """Where the catalog is: SQLite in the library's folder, or PostgreSQL. BadInput for a variable that is not set."""
    from citewell.catalog import Postgres

    at = config.catalog
    if not at.url:
        return Path(config.library.path) / "catalog.db"
    password = os.environ.get(at.password_env, "") if at.password_env else ""
    if at.password_env and not password:
        raise BadInput(
            f"catalog.password_env names {at.password_env!r}, which is not set; set it, or leave it out"
        )
    return Postgres(at.url, at.schema, password)


def make_folder(config: Config, create: bool) -> None:
    """Make the library's folder. NotFound where there is no library and none is to be made."""
    folder = Path(config.library.path)
    if not (create or config.catalog.url or (folder / "catalog.db").exists()):
        raise NotFound(f"there is no library at {str(folder)!r}; make one with `citewell init`")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutOfSpace(f"the library folder {str(folder)!r} cannot be made: {error.strerror}") from error


def shared(config: Config) -> bool:
    """Say whether several processes may use the library at once: both catalog and index are at servers."""
    return bool(config.catalog.url) and config.index.store in plugins.SHARED


def open_index(config: Config, catalog: Catalog, dimensions: int) -> Index:
    """Open the index; one that is new, or was damaged, is filled from the catalog."""
    folder, index = Path(config.library.path) / "index", config.index
    _same_terms(catalog, folder)
    if not shared(config):
        _same_catalog(catalog, folder)
    library = catalog.setting("library", uuid4().hex, keep=True) or ""
    where = Place(folder, index.url, index.collection, index.key_env, index.timeout, library)
    opened: Index = plugins.load("indexes", index.store)(where, dimensions)
    return opened


def _same_terms(catalog: Catalog, folder: Path) -> None:
    """Words are weighed when they are indexed: an index of another analyser is thrown away and made anew."""
    from citewell.index.lexical import VERSION

    if catalog.setting("terms") != str(VERSION):
        shutil.rmtree(folder, ignore_errors=True)
        catalog.setting("terms", str(VERSION))


def _same_catalog(catalog: Catalog, folder: Path) -> None:
    """A catalog on a server may have been written to from another machine: an index that was not there is made anew."""
    if not catalog.workers.me:
        return
    note = folder.with_suffix(".opened")
    before = catalog.setting("opened")
    if before is not None and (not note.exists() or note.read_text() != before):
        shutil.rmtree(folder, ignore_errors=True)
    opened = token_hex(8)
    note.write_text(opened)
    catalog.setting("opened", opened)


def whole(catalog: Catalog) -> None:
    """Corrupt for a library that is half of a copy."""
    if catalog.copies.unfinished():
        raise Corrupt("this library is half of a copy; run the same `citewell copy` again, and it goes on")
