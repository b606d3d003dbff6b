"""The answer cache: paid once, said so, and never stale. What is deleted is gone from the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from citewell.library import Library
from citewell.model import Document, Message, Query
from citewell.prompted import Style
from tests.cost.conftest import paid
from tests.providers.stub import Stub, said, serving

BLUE = said("The lamp", " glows blue at night [1]. SECRETWORD was written too.")
LAMP = Query("What colour is the lamp at night?")
ON = {"chat_cache": 100}


def calls(stub: Stub, library: Library, query: Query = LAMP) -> int:
    """Ask, and return how many calls that took."""
    before = len(stub.asked)
    library.ask(query)
    return len(stub.asked) - before


def test_the_same_question_is_paid_once_and_says_so(catalogs: str, tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, **ON) as library:
        first = library.ask(LAMP)
        again = library.ask(replace(LAMP, text="  What colour  is the lamp at night ?? "))
        quote = library.quote(LAMP)
    assert len(stub.asked) == 1
    assert not first.cached
    assert (again.cached, again.cost, again.usage.prompt_tokens) == (True, 0, 0)
    assert (again.text, again.citations) == (first.text, first.citations)
    assert quote.free
    assert again.model == "m"


def test_it_is_off_unless_asked_for(tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url) as library:
        assert (calls(stub, library), calls(stub, library)) == (1, 1)


def test_whatever_decides_the_answer_is_in_the_key(tmp_path: Path) -> None:
    from citewell import filters

    others = [
        replace(LAMP, text="What colour is the kettle?"),
        replace(LAMP, style=Style(length="long")),
        replace(LAMP, history=(Message("user", "Hello."), Message("assistant", "Hello."))),
        replace(LAMP, where=filters.parse("id = 'lamp'")),
    ]
    with serving(BLUE) as stub:
        with paid(tmp_path, stub.url, **ON, chat_rewrite="carry") as library:
            assert calls(stub, library) == 1
            assert [calls(stub, library, one) for one in others] == [1, 1, 1, 1]
            assert [calls(stub, library, one) for one in [LAMP, *others]] == [0] * 5
        with paid(tmp_path, stub.url, {}, **ON, chat_max_tokens=100) as library:
            assert calls(stub, library) == 1


def test_a_changed_document_is_asked_about_anew(catalogs: str, tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, **ON) as library:
        calls(stub, library)
        library.add(Document("lamp", "The lamp glows green at night."))
        assert calls(stub, library) == 1
        library.add(Document("lamp", "The lamp glows green at night.", fields={"year": 2026}))
        assert calls(stub, library) == 1  # another version, though every word is the same
        assert calls(stub, library) == 0


def test_a_new_document_that_is_found_too_is_asked_about(tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, **ON) as library:
        calls(stub, library)
        library.add(Document("lantern", "What colour is the lamp at night? Red."))
        assert calls(stub, library) == 1


def test_what_was_written_about_a_deleted_document_is_gone_from_the_file(tmp_path: Path) -> None:
    with serving(BLUE) as stub:
        with paid(tmp_path, stub.url, **ON) as library:
            calls(stub, library)
        assert held(tmp_path)
        with paid(tmp_path, stub.url, {}, **ON) as library:
            library.remove("lamp")
            assert library._parts.costs.answers is not None
            assert library._parts.costs.answers.get(b"") is None
        assert not held(tmp_path)


def test_what_techniques_asked_is_forgotten_with_any_change(tmp_path: Path) -> None:
    with serving(BLUE) as stub:
        with paid(tmp_path, stub.url, **ON, chat_techniques="multi-query") as library:
            assert (calls(stub, library), calls(stub, library)) == (2, 0)
            assert library.ask(LAMP).cost == 0
            library.add(Document("other", "The toaster has four slots."))
            library.remove("other")
        assert held(tmp_path)  # the answer itself: what it showed has not changed
        with paid(tmp_path, stub.url, {}, **ON) as library:
            library.remove("lamp")
            library.remove("kettle")
        assert not held(tmp_path)


def test_an_answer_about_what_changed_meanwhile_is_not_kept(tmp_path: Path) -> None:
    library: Library

    def meanwhile(path: str, body: object):  # type: ignore[no-untyped-def]
        library.add(Document("lamp", f"The lamp glows green at night, says {len(stub.asked)}."))
        return BLUE

    with serving(meanwhile) as stub, paid(tmp_path, stub.url, **ON) as library:
        library.ask(LAMP)
        assert not held(tmp_path)


def test_it_keeps_the_newest_and_no_more(catalogs: str, tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, chat_cache=2) as library:
        asked = [replace(LAMP, text=f"What colour is lamp {n}?") for n in range(3)]
        assert [calls(stub, library, one) for one in asked] == [1, 1, 1]
        assert [calls(stub, library, one) for one in reversed(asked)] == [0, 0, 1]


def held(folder: Path) -> bool:
    """Say whether any file of the library holds what the model wrote."""
    files = [path for path in (folder / "library").rglob("*") if path.is_file()]
    return any(b"SECRETWORD" in path.read_bytes() for path in files)
