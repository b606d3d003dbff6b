"""Quotes before spending: against a real server's own counts, never above the maximum that was stated."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from citewell.errors import OverBudget
from citewell.incoming import Blob
from citewell.model import Query
from citewell.money import Quote
from citewell.sources.folder import Folder
from tests.cost.conftest import paid
from tests.cost.embedding import embedding
from tests.providers.conftest import llama
from tests.providers.stub import said, serving
from tests.providers.test_openai_embeddings import SIZE, pooling

JOBS = 50
CODE = "for row in rows:\n    total[row['key']] += float(row['x'] or 0.25)  # Σ über ≤ 10\n"
STRANGE = {
    "noise": "xqzj7Gk0v3 aGVsbG8gd29ybGQhIQ== 0x7ffde3a1 \u200b\u200b 🚀🚀 ﷽ ░▒▓ ¯\\_(ツ)_/¯ a1b2c3d4e5f6 "
    * 3,
    "code": CODE * 4,
    "russian": "Все люди рождаются свободными и равными в своем достоинстве и правах. " * 4,
    "chinese": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。" * 4,
}


BRIEF = """---
name: brief
version: 1
description: As short as a prompt can be.
---
{% block system %}
Answer from the passages; end each sentence with [1]. If they do not say, write exactly: {{ refusal }}
Language: {{ language }}, {{ length }}, {{ format }}, {{ reasoning }}.
{% for example in examples %}{{ example.passages }} {{ example.question }} {{ example.answer }}{% endfor %}
{% endblock %}
{% block user %}
{{ passages }}
{{ question }}
{% endblock %}
"""


def texts(data: Path, name: str, count: int) -> dict[str, str]:
    lines = (data / name / "corpus.jsonl").read_text("utf-8").splitlines()[:count]
    return {f"{name}{at}.txt": json.loads(line)["text"][:600] for at, line in enumerate(lines)}


def questions(data: Path) -> list[str]:
    lines = (data / "squad2_mini" / "queries.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[: JOBS - len(STRANGE)]]


def test_fifty_answers_of_a_real_model_stay_below_their_maximum(
    tmp_path: Path, model: Path, data: Path
) -> None:
    """The first two quotes know nothing of the model's tokenizer; what they took corrects the others."""
    given = texts(data, "squad2_mini", 12) | STRANGE
    asked = [*questions(data), *(text[:60] for text in STRANGE.values())]
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "brief-1.md").write_text(BRIEF)  # the usual one is read 50 times too slowly
    brief = {"chat_prompts": str(tmp_path / "prompts"), "chat_prompt": "brief", "chat_max_tokens": 6}
    quotes, took = [], []
    with (
        llama(model, threads=1, n_ctx=2048) as url,
        paid(tmp_path, f"{url}/v1", given, chat_name="smollm2", chat_passages=1, **brief) as library,
    ):
        for question in asked:
            query = Query(question)
            quotes.append(library.quote(query))
            took.append(library.ask(query))
    assert len(quotes) == JOBS
    for quote, answer in zip(quotes, took, strict=True):
        assert quote.cost is not None
        assert quote.most is not None
        assert answer.cost is not None
        assert answer.cost <= quote.most
        assert answer.usage.prompt_tokens <= quote.prompt_most
        assert answer.usage.completion_tokens <= quote.completion_most
        assert quote.cost <= quote.most
    expected = sum(quote.cost or 0 for quote in quotes[2:])
    paid_for = sum((answer.cost or Decimal(0) for answer in took[2:]), Decimal(0))
    print(f"expected {expected}, paid {paid_for}: {expected / paid_for - 1:+.1%}")
    assert abs(expected / paid_for - 1) < Decimal("0.1")


def test_embedding_is_quoted_within_a_tenth_of_what_a_real_server_counts(
    tmp_path: Path, model: Path, data: Path
) -> None:
    """A first job of twelve documents teaches how this server counts; the second is quoted, and then done."""
    first, second = texts(data, "squad2_mini", 12), texts(data, "ray_docs", 16)
    with llama(model, threads=1, embedding=True, pooling_type=pooling(), n_ctx=2048) as url:
        hosted = {"embed_model": "openai", "embed_name": "smollm2", "embed_url": f"{url}/v1"}
        with paid(tmp_path, "", first, chat_model="extract", embed_dimensions=SIZE, **hosted) as library:
            blobs = [Blob(name, text.encode()) for name, text in second.items()]
            quote = library.quote(blobs)
            before = library.cost("kind")[0].cost
            library.ingest(blobs, lambda _: None)
            took = library.cost("kind")[0].cost - before
            again = library.quote(blobs)
    assert quote.cost is not None
    assert quote.most is not None
    print(f"quoted {quote.cost}, paid {took}: {quote.cost / took - 1:+.1%}")
    assert abs(quote.cost / took - 1) < Decimal("0.1")
    assert took <= quote.most
    assert again.free  # all of it is known now


def test_texts_that_come_twice_are_quoted_once_and_a_quote_writes_nothing(tmp_path: Path) -> None:
    with serving(embedding) as stub:
        hosted = {"embed_model": "openai", "embed_name": "e", "embed_url": stub.url, "embed_dimensions": 2}
        with paid(tmp_path, "", {}, chat_model="extract", **hosted) as library:
            one = library.quote([Blob("a/tea.txt", b"green tea steeps")])
            two = library.quote([Blob(f"{one}/tea.txt", b"green tea steeps") for one in "ab"])
            assert one == two
            assert library.status()["documents"] == 0
            assert library.cost() == []
            assert not stub.asked


def test_what_needs_no_service_costs_nothing(tmp_path: Path) -> None:
    with paid(tmp_path, "", chat_model="extract") as library:
        assert library.quote(Query("lamp")) == Quote()
        assert library.quote([Blob("a.txt", b"green tea")]) == Quote()


def test_an_unknown_price_and_techniques_make_the_most_unknown(tmp_path: Path) -> None:
    with serving(said("x")) as stub:
        with paid(tmp_path, stub.url, chat_name="other") as library:
            quote = library.quote(Query("lamp"))
            assert (quote.cost, quote.most) == (None, None)
            assert "'other' is not known" in quote.notes[0]
            assert quote.prompt_tokens > 20
        with paid(tmp_path, stub.url, {}) as library:
            quote = library.quote(Query("lamp", techniques=("multi-query",)))
            assert quote.most is None
            assert quote.cost is not None
            assert "multi-query" in quote.notes[0]
        assert not stub.asked


def test_a_fallback_that_is_dearer_sets_the_most(tmp_path: Path) -> None:
    with serving(said("x")) as stub:
        options: dict[str, Any] = {"chat_fallback": f"openai:smollm2@{stub.url}"}
        with paid(tmp_path, stub.url, **options) as library:
            quote = library.quote(Query("lamp"))
    assert quote.models == ("m", "smollm2")
    assert quote.calls == 1


def test_what_a_model_writes_of_documents_is_quoted_and_stays_below_its_maximum(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    text = "\n\n".join(f"Part {n}. {'The lamp glows blue at night. ' * 8}" for n in range(6))
    (tmp_path / "docs" / "lamp.txt").write_text(text)
    wanted = {"embed_context": True, "embed_summaries": True, "embed_tree": True, "split_tokens": 100}
    with serving(said("It glows.")) as stub, paid(tmp_path, stub.url, {}, **wanted) as library:
        quote = library.quote(Folder(tmp_path / "docs"))
        assert not stub.asked
        library.sync(Folder(tmp_path / "docs"), lambda outcome: None)
        (spent,) = library.cost("kind")
        assert library.quote(Folder(tmp_path / "docs")) == Quote()
    assert quote.calls >= spent.calls == len(stub.asked) > 10
    assert quote.cost is not None
    assert quote.most is not None
    assert 0 < quote.cost < quote.most
    assert spent.cost <= quote.most
    assert spent.prompt_tokens <= quote.prompt_most


def test_writing_of_documents_overruns_a_days_budget_by_one_call_at_most(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for n in range(4):
        (tmp_path / "docs" / f"{n}.txt").write_text(
            "\n\n".join(f"Part {n} {m}. {'It glows blue. ' * 20}" for m in range(3))
        )
    # A call takes 7 tokens and 2, for .000015; of those that are cut off, the most is counted.
    given = {"embed_context": True, "split_tokens": 100, "cost_per_day": 0.00002}
    with serving(said("It", " glows.")) as stub, paid(tmp_path, stub.url, {}, **given) as library:
        with pytest.raises(OverBudget, match=r"cost\.per_day is"):
            library.sync(Folder(tmp_path / "docs"), lambda outcome: None)
        (spent,) = library.cost("kind")
    assert 0 < spent.calls <= 2
    assert len(stub.asked) <= 2
