"""Settings: who wins, where they came from, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from citewell.config import KEYS, find, load, template, values_of, variable_of
from citewell.errors import BadInput, NotFound
from citewell.settings import Config


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    file = tmp_path / "citewell.toml"
    file.write_text("[search]\nlimit = 3\n[chat]\npassages = 3\nmax_tokens = 3\n")
    environ = {"CITEWELL_SEARCH_LIMIT": "4", "CITEWELL_CHAT_PASSAGES": "4"}
    loaded = load({"search.limit": 5, "chat.passages": None}, environ)
    config, origins = loaded.config, loaded.origins
    assert (config.search.limit, origins["search.limit"]) == (5, "flag")
    assert (config.chat.passages, origins["chat.passages"]) == (4, "environment")
    assert (config.chat.max_tokens, origins["chat.max_tokens"]) == (3, f"file:{file}")
    assert (config.server.port, origins["server.port"]) == (8000, "default")


def test_every_setting_has_an_origin_and_a_variable() -> None:
    loaded = load({}, {})
    assert set(loaded.origins) == set(KEYS) == set(values_of(loaded.config))
    assert len({variable_of(name) for name in KEYS}) == len(KEYS)


def test_the_file_is_found_in_a_folder_above_and_its_paths_start_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "citewell.toml").write_text('[library]\npath = "shelf"\n[chat]\npath = "m.gguf"\n')
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    config = load({}, {}).config
    assert config.library.path == tmp_path / "shelf"
    assert config.chat.path == tmp_path / "m.gguf"
    assert load({"library.path": "here"}, {}).config.library.path == tmp_path / "a" / "b" / "here"


def test_what_reranks_is_a_service_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "citewell.toml").write_text('[search]\nrerank = "cohere"\n')
    assert load({}, {}).config.search.rerank == "cohere"
    assert load({}, {"CITEWELL_SEARCH_RERANK": "./cohere"}).config.search.rerank == tmp_path / "cohere"
    assert load({}, {"CITEWELL_SEARCH_RERANK": ""}).config.search.rerank is None


def test_without_a_file_the_library_is_in_the_working_folder(tmp_path: Path) -> None:
    assert find() is None
    assert load({}, {}).config.library.path == tmp_path / ".citewell"


def test_a_file_can_be_named_by_flag_or_variable_and_must_then_be_there(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 9\n")
    assert load({}, {"CITEWELL_CONFIG": str(other)}).config.server.port == 9
    assert load({}, {"CITEWELL_CONFIG": "nowhere"}, other).file == other
    with pytest.raises(NotFound, match="nowhere"):
        load({}, {"CITEWELL_CONFIG": "nowhere"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[serach]\nlimit = 1", "did you mean 'search'"),
        ("[search]\nlimt = 1", "did you mean 'limit'"),
        ("search = 1", r"write \[search\]"),
        ("[search]\nlimit = 0", "from 1 to 1000"),
        ("[search]\nlimit = 1.5", "whole number"),
        ("[search]\nlimit = true", "whole number"),
        ("[search]\nmode = 'vector'", "hybrid, dense, keyword, tfidf"),
        ("[embed]\nmodel = 3", "must be text"),
        ("[library]\npath = 3", "must be a path"),
        ("[read]\nmax_seconds = nan", "a number"),
        ("[chat]\nkey = 'x'", "did you mean 'key_env'"),
        ("[search", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_refused_with_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "citewell.toml").write_text(text)
    with pytest.raises(BadInput, match=said):
        load({}, {})


def test_a_typo_in_a_variable_is_refused_but_other_programs_variables_are_not() -> None:
    load({}, {"CITEWELL_KEY": "secret", "CITEWELL_DATA": "x", "SEARCH_LIMIT": "x"})
    load({"server.key_env": "CITEWELL_SERVER_SECRET"}, {"CITEWELL_SERVER_SECRET": "x"})
    with pytest.raises(BadInput, match="CITEWELL_SEARCH_LIMIT"):
        load({}, {"CITEWELL_SEARCH_LIMT": "3"})


def test_a_key_pasted_where_its_variables_name_belongs_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput, match=r"chat\.key_env") as raised:
        load({"chat.key_env": "sk-very-secret"}, {})
    assert "very-secret" not in str(raised.value)


def test_the_template_explains_every_setting_and_gives_the_defaults(tmp_path: Path) -> None:
    text = template({"search.limit": 7})
    assert tomllib.loads(text)["search"] == {"limit": 7}
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    (tmp_path / "citewell.toml").write_text(uncommented)
    loaded = load({}, {})
    assert all(origin.startswith("file:") for origin in loaded.origins.values())
    assert values_of(loaded.config) == values_of(Config()) | {
        "search.limit": 7,
        "library.path": str(tmp_path / ".citewell"),
    }
