"""What `import citewell` loads: next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import citewell

HEAVY = (
    *(
        "numpy",
        "scipy",
        "onnx",
        "onnxruntime",
        "tokenizers",
        "qdrant_edge",
        "kreuzberg",
        "pypdfium2",
        "tree_sitter",
    ),
    *("fastapi", "starlette", "uvicorn", "httpx", "typer", "rich", "sqlalchemy", "sqlite3", "asyncio", "ssl"),
    *(
        "openai",
        "anthropic",
        "cohere",
        "boto3",
        "jinja2",
        "yaml",
        "pinecone",
        "weaviate",
        "chromadb",
        "qdrant_client",
        "torch",
    ),
)


def loaded(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after some code."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_citewell_loads_nothing_heavy() -> None:
    assert loaded("import citewell") & set(HEAVY) == set()


def test_the_words_of_citewell_load_nothing_heavy() -> None:
    code = "import citewell\ncitewell.Document('a', 'b'); citewell.Query('c'); citewell.parse_filter('a = 1')"
    assert loaded(code) & set(HEAVY) == set()


def test_the_command_line_loads_no_library_for_its_help() -> None:
    modules = loaded("import sys; sys.argv = ['citewell', '--help']\nimport citewell.cli")
    assert modules & (set(HEAVY) - {"typer", "rich", "asyncio", "ssl"}) == set()


@pytest.mark.parametrize("name", citewell.__all__)
def test_every_exported_name_is_there(name: str) -> None:
    assert getattr(citewell, name) is not None
    assert name in dir(citewell)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = citewell.nothing_like_it
