"""Hard budgets: refused before a call is made; whatever runs at once, at most one call goes over."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from citewell import wire
from citewell.errors import BadInput, OverBudget
from citewell.incoming import Blob
from citewell.model import Answer, Document, Query
from tests.cost.conftest import paid
from tests.cost.embedding import embedding
from tests.providers.stub import Reply, said, serving

BLUE = said("The lamp", " glows blue at night [1].")
LAMP = Query("What colour is the lamp at night?")


def slow(_: str, body: dict[str, Any]) -> Reply:
    """An answer of 400 tokens, after a moment: $0.0016 and the prompt."""
    time.sleep(0.05)
    usage = {"prompt_tokens": 300, "completion_tokens": 400}
    last = {"choices": [{"delta": {"content": "Blue [1]."}, "finish_reason": "stop"}], "usage": usage}
    return 200, {"Content-Type": "text/event-stream"}, f"data: {json.dumps(last)}\n\n".encode()


def test_a_day_s_budget_is_told_with_its_end_and_stops_before_the_call(tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, cost_per_day=0.00002) as library:
        library.ask(LAMP)
        library.ask(LAMP)  # $0.000015 were spent: this one goes over
        with pytest.raises(
            OverBudget, match=r"cost.per_day is \$0.00002: \$0.00003 is spent; it begins anew"
        ) as told:
            library.ask(LAMP)
        assert len(stub.asked) == 2
    error = told.value
    assert (error.budget, error.spent) == ("cost.per_day", "0.00003")
    assert datetime.fromisoformat(error.resets) > datetime.now(UTC)
    problem = wire.dump_error(error)
    again = wire.load_error(problem)
    assert problem["status"] == 402
    assert isinstance(again, OverBudget)
    assert (again.resets, again.limit) == (error.resets, "0.00002")


def test_a_budget_outlives_the_process_and_a_new_day_begins_anew(tmp_path: Path) -> None:
    with serving(BLUE) as stub:
        with paid(tmp_path, stub.url) as library:
            library.ask(LAMP)
        with paid(tmp_path, stub.url, {}, cost_per_day=0.00001) as library:
            with pytest.raises(OverBudget):
                library.ask(LAMP)
            books = library._parts.costs.books
            books._clock = lambda: datetime(2999, 1, 1, tzinfo=UTC)
            assert library.ask(LAMP).citations


def test_many_questions_at_once_overrun_by_at_most_one_call(tmp_path: Path) -> None:
    """40 threads ask at the same moment; the budget is worth some five calls."""
    limit = Decimal("0.01")
    refusals: list[OverBudget] = []
    answers: list[Answer] = []
    with serving(slow) as stub, paid(tmp_path, stub.url, cost_per_day=0.01, chat_concurrency=40) as library:
        together = Barrier(40)

        def ask() -> None:
            together.wait()
            for _ in range(4):
                try:
                    answers.append(library.ask(LAMP))
                except OverBudget as error:
                    refusals.append(error)

        threads = [Thread(target=ask) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (spent,) = library.cost()
    assert refusals
    assert answers
    assert spent.cost == sum(one.cost for one in answers if one.cost)
    assert spent.cost < limit + Decimal("0.0019")


def test_a_question_s_budget_counts_what_techniques_ask(tmp_path: Path) -> None:
    settings = {"cost_per_request": 0.00001, "chat_techniques": "multi-query"}
    with serving(said("In other words", " ?")) as stub, paid(tmp_path, stub.url, **settings) as library:
        with pytest.raises(OverBudget, match=r"cost.per_request .*ask less of one question"):
            library.ask(LAMP)
        assert len(stub.asked) == 1
        (spent,) = library.cost("request")
    assert spent.cost == Decimal("0.000015")


def test_a_bulk_job_stops_between_requests_and_keeps_what_is_acknowledged(tmp_path: Path) -> None:
    texts = {f"d{n}": f"{'word ' * 60}{n}" for n in range(300)}
    with serving(embedding) as stub:
        hosted = {"embed_model": "openai", "embed_name": "e", "embed_url": stub.url, "embed_dimensions": 2}
        with paid(tmp_path, "", {}, chat_model="extract", cost_per_day=0.0002, **hosted) as library:
            reports: list[Any] = []
            with pytest.raises(OverBudget):
                library.ingest([Blob(f"{k}.txt", v.encode()) for k, v in texts.items()], reports.append)
            (spent,) = library.cost("kind")
            assert len(library.list(limit=1000)) == library.status()["documents"] < 300
            assert library.check() == []
    assert spent.cost >= Decimal("0.0001")
    assert spent.cost < Decimal("0.0002") + Decimal("0.00017")  # one request: 128 texts of 61 tokens


def test_a_free_model_is_never_refused_and_a_budget_that_cannot_be_kept_is(tmp_path: Path) -> None:
    with (
        serving(BLUE) as stub,
        pytest.raises(BadInput, match=r"price of 'other' at '127.0.0.1' is not known"),
        paid(tmp_path, stub.url, {}, chat_name="other", cost_per_day=1.0),
    ):
        pass
    with paid(tmp_path, "", {}, chat_model="extract", cost_per_day=0.000001) as library:
        library.add(Document("lamp", "The lamp glows blue at night."))
        assert [library.ask(LAMP).cost for _ in range(3)] == [0, 0, 0]
