"""The model's types as JSON, both ways: what the REST API says and what the client reads.

Bodies, by route:

    PUT    /documents/{id}    dump(Added)
    GET    /documents/{id}    dump_document(entry, document): the entry's members and "text"
    GET    /documents         {"documents": [dump(Entry), ...]}
    GET    /collections       {"collections": [dump(Collection), ...]}
    POST   /search            {"hits": [dump(Hit), ...]}
    POST   /why               dump(Why)
    POST   /ask               dump(Answer), or events: dump_event gives the name and the data of each
    GET    /conversations     {"conversations": [dump(Conversation), ...]}, turns left out
    GET    /conversations/{id}  dump(Conversation); as text/markdown if that is asked for
    POST   /quote             dump(Quote); money is decimal text, in US dollars
    POST   /quote/documents/{id}        dump(Quote) for a document's bytes
    GET    /cost              {"by": "...", "spent": [dump(Spent), ...], "total": dump(Spent)}
    GET    /status            the object that Library.status() returns
    POST   /check             {"drift": ["...", ...]}
    errors                    dump_error, as application/problem+json

Loading ignores members it does not know, so an older client can talk to a newer server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from citewell import errors, filters
from citewell.collection import Collection
from citewell.conversation import Conversation, Turn
from citewell.filters import Filter
from citewell.hostile import Suspect, Suspicion
from citewell.incoming import Added
from citewell.model import (
    JSON,
    Answer,
    Citation,
    Delta,
    Document,
    Done,
    Entry,
    Event,
    Fields,
    FieldUse,
    Hit,
    HitsFound,
    Message,
    Passage,
    Stage,
    Step,
    Usage,
)
from citewell.money import Quote, Spent
from citewell.prompted import PromptUsed
from citewell.why import Change, Explained, Followed, Place, Why

STATUS: Mapping[str, int] = {
    "BadInput": 400,
    "Unreadable": 422,
    "NotFound": 404,
    "Unsupported": 501,
    "MissingExtra": 501,
    "InUse": 409,
    "ProviderError": 502,
    "OverBudget": 402,
    "OutOfSpace": 507,
    "Corrupt": 500,
    "CitewellError": 500,
}
"""The HTTP status of each class of error. A budget that is spent is 402 and not 429, which clients try again."""
OVER = ("budget", "limit", "spent", "resets")


def dump(value: Any) -> Any:
    """Return `value` (dataclasses, mappings, sequences, scalars) as what `json.dumps` takes."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")  # exact, as text: JSON's numbers are not
    return value


def dump_document(entry: Entry, document: Document) -> JSON:
    """Return an entry with the document's text, as GET /documents/{id} answers."""
    return {**dump(entry), "text": document.text}


def dump_event(event: Event) -> tuple[str, JSON]:
    """Return the name (step, hits, delta, citation, done) and the data of an event of `Library.stream`."""
    match event:
        case Step():
            return "step", dump(event)
        case HitsFound(hits):
            return "hits", {"hits": dump(hits)}
        case Delta():
            return "delta", dump(event)
        case Citation():
            return "citation", dump(event)
        case Done(answer):
            return "done", {"answer": dump(answer)}


def dump_where(where: Filter) -> str:
    """Return a filter as the SQL text that parses to it."""
    match where:
        case filters.Compare(name, op, value):
            return f"{_name(name)} {op} {_literal(value)}"
        case filters.In(name, values):
            return f"{_name(name)} IN ({', '.join(map(_literal, values))})"
        case filters.Like(name, pattern):
            return f"{_name(name)} LIKE {_literal(pattern)}"
        case filters.IsNull(name):
            return f"{_name(name)} IS NULL"
        case filters.And(parts):
            return " AND ".join(f"({dump_where(part)})" for part in parts)
        case filters.Or(parts):
            return " OR ".join(f"({dump_where(part)})" for part in parts)
        case filters.Not(part):
            return f"NOT ({dump_where(part)})"


def dump_error(error: errors.CitewellError) -> JSON:
    """Return an error as a problem (RFC 9457): `code` is its class, `detail` its message."""
    name = type(error).__name__
    problem: JSON = {"type": "about:blank", "title": name, "status": STATUS.get(name, 500)}
    problem |= {"detail": str(error), "code": name}
    if isinstance(error, errors.Unreadable):
        problem |= {"name": error.name, "reason": error.reason}
    if isinstance(error, errors.ProviderError):
        problem |= {"retryable": error.retryable}
    if isinstance(error, errors.OverBudget):
        problem |= {name: getattr(error, name) for name in OVER}
    return problem


def load_error(problem: Mapping[str, Any]) -> errors.CitewellError:
    """Return the error that a problem describes: the same class, the same message."""
    detail = str(problem.get("detail") or problem.get("title") or "the server gave no reason")
    kind = getattr(errors, str(problem.get("code")), None)
    if kind is errors.Unreadable and "name" in problem:
        return errors.Unreadable(str(problem["name"]), str(problem.get("reason", "")))
    if kind is errors.Unreadable:
        return errors.BadInput(detail)
    if kind is errors.ProviderError:
        return errors.ProviderError(detail, retryable=bool(problem.get("retryable")))
    if kind is errors.OverBudget:
        return errors.OverBudget(detail, **{name: str(problem.get(name, "")) for name in OVER})
    if isinstance(kind, type) and issubclass(kind, errors.CitewellError):
        return kind(detail)
    return errors.CitewellError(detail)


def load_added(data: Mapping[str, Any]) -> Added:
    """Read what an acknowledged add did."""
    return Added(**_known(Added, data))


def load_entry(data: Mapping[str, Any]) -> Entry:
    """Read a document's entry."""
    return Entry(**{**_known(Entry, data), "fields": load_fields(data.get("fields", {}))})


def load_collection(data: Mapping[str, Any]) -> Collection:
    """Read what is in a collection."""
    fields = tuple(
        FieldUse(**{**_known(FieldUse, one), "values": tuple(one["values"])}) for one in data["fields"]
    )
    return Collection(**{**_known(Collection, data), "fields": fields})


def load_document(data: Mapping[str, Any]) -> tuple[Entry, Document]:
    """Read an entry and its document; `blocks` do not travel."""
    entry = load_entry(data)
    document = Document(
        id=entry.id,
        text=data["text"],
        title=entry.title,
        fields=entry.fields,
        source=entry.source,
        media_type=entry.media_type,
    )
    return entry, document


def load_passage(data: Mapping[str, Any]) -> Passage:
    """Read a passage."""
    known = _known(Passage, data)
    if known.get("suspicion") is not None:
        found = _known(Suspicion, known["suspicion"])
        parts = (_known(Suspect, one) for one in found.get("parts", ()))
        found["parts"] = tuple(Suspect(**{**one, "why": tuple(one.get("why", ()))}) for one in parts)
        known["suspicion"] = Suspicion(**found)
    return Passage(**known)


def load_hit(data: Mapping[str, Any]) -> Hit:
    """Read a hit with its passage, entry and stages."""
    stages = tuple(Stage(**_known(Stage, stage)) for stage in data.get("stages", ()))
    withheld = tuple((start, end) for start, end in data.get("withheld", ()))
    return Hit(load_passage(data["passage"]), load_entry(data["document"]), data["score"], stages, withheld)


def load_hits(data: Sequence[Mapping[str, Any]]) -> tuple[Hit, ...]:
    """Read hits, in order."""
    return tuple(load_hit(hit) for hit in data)


def load_why(data: Mapping[str, Any]) -> Why:
    """Read why a question finds what it finds."""
    known = _known(Why, data)
    known["hits"] = tuple(Explained(load_hit(one["hit"]), one["text"]) for one in data.get("hits", ()))
    known["meant"] = dict(data.get("meant", {}))
    if data.get("document") is not None:
        followed = data["document"]
        found = _known(Followed, followed)
        found["places"] = tuple(Place(**_known(Place, one)) for one in followed.get("places", ()))
        found["changes"] = tuple(Change(**_known(Change, one)) for one in followed.get("changes", ()))
        found["near"] = tuple(followed.get("near", ()))
        known["document"] = Followed(**found)
    return Why(**known)


def load_citation(data: Mapping[str, Any]) -> Citation:
    """Read a citation. It was checked where it was made."""
    return Citation(**_known(Citation, data))


def load_usage(data: Mapping[str, Any] | None) -> Usage | None:
    """Read token counts, if there are any."""
    return None if data is None else Usage(**_known(Usage, data))


def load_money(data: object) -> Decimal | None:
    """Read dollars, None where they are not known."""
    return None if data is None else Decimal(str(data))


def load_quote(data: Mapping[str, Any]) -> Quote:
    """Read what a job would cost."""
    known = _known(Quote, data)
    known |= {name: load_money(data.get(name)) for name in ("cost", "most")}
    return Quote(**known | {name: tuple(data.get(name, ())) for name in ("models", "notes")})


def load_spent(data: Mapping[str, Any]) -> Spent:
    """Read what a group of calls took."""
    return Spent(**_known(Spent, data) | {"cost": load_money(data["cost"])})


def load_step(data: Mapping[str, Any]) -> Step:
    """Read what a technique did."""
    return Step(**_known(Step, data) | {"usage": load_usage(data.get("usage")) or Usage()})


def load_message(data: Mapping[str, Any]) -> Message:
    """Read one turn of a conversation."""
    return Message(**_known(Message, data))


def load_answer(data: Mapping[str, Any]) -> Answer:
    """Read an answer with its citations and hits."""
    known = _known(Answer, data)
    known["citations"] = tuple(load_citation(citation) for citation in data.get("citations", ()))
    known["hits"] = load_hits(data.get("hits", ()))
    known["unsupported"] = tuple(data.get("unsupported", ()))
    known["usage"] = load_usage(data.get("usage")) or Usage()
    used = data.get("prompt")
    known["steps"] = tuple(load_step(step) for step in data.get("steps", ()))
    known["prompt"] = None if used is None else PromptUsed(**_known(PromptUsed, used))
    known["cost"] = load_money(data.get("cost"))
    return Answer(**known)


def load_conversation(data: Mapping[str, Any]) -> Conversation:
    """Read a kept conversation with its turns, if they came along."""
    turns = tuple(
        Turn(**_known(Turn, one) | {"answer": load_answer(one["answer"])}) for one in data.get("turns", ())
    )
    return Conversation(**_known(Conversation, data) | {"turns": turns})


def load_event(name: str, data: Mapping[str, Any]) -> Event:
    """Read an event by its name; raises the error that an `error` event carries."""
    match name:
        case "step":
            return load_step(data)
        case "hits":
            return HitsFound(load_hits(data["hits"]))
        case "delta":
            usage = load_usage(data.get("usage"))
            return Delta(data["text"], usage, data.get("model", ""), bool(data.get("cached")))
        case "citation":
            return load_citation(data)
        case "done":
            return Done(load_answer(data["answer"]))
    raise load_error(data)


def load_fields(data: Mapping[str, Any]) -> Fields:
    """Read metadata: JSON's lists become tuples of strings."""
    return {key: tuple(map(str, value)) if isinstance(value, list) else value for key, value in data.items()}


def _name(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def _literal(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {key: value for key, value in data.items() if key in names}
