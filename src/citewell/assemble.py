"""assemble(config) -> Library: the only reader of the whole configuration; each room gets its own slice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING

from citewell import plugins
from citewell.chats import answering_of
from citewell.errors import BadInput, Unsupported
from citewell.incoming import Blob
from citewell.lock import Holder
from citewell.model import Mode
from citewell.opening import make_folder, open_index, place, shared, whole
from citewell.protocols import Embedder, Index, Reranker, Retriever
from citewell.retrieve import (
    Collapse,
    Dense,
    Diverse,
    Feedback,
    Fuse,
    Join,
    LateInteraction,
    Lexical,
    Phrases,
    Pool,
    Proximity,
    Ranker,
    Rerank,
    Typos,
    Widen,
    Withhold,
)
from citewell.retrieve.constants import DEPTH, WEIGHTS
from citewell.retrieve.join import Lookup
from citewell.retrieve.phrase import PassageTexts
from citewell.settings import SearchConfig
from citewell.sourcing import planned

if TYPE_CHECKING:
    from citewell.answering import Answering
    from citewell.catalog import Catalog
    from citewell.cost import Costs
    from citewell.explain import Explain
    from citewell.library import Library
    from citewell.prepare import Prepare, Spread
    from citewell.settings import Config, EmbedConfig
    from citewell.techniques import Ask
    from citewell.writing import Writing


def assemble(config: Config, *, create: bool = False, spread: Spread | None = None) -> Library:
    """Open the library that a configuration describes.

    NotFound when there is no library and `create` is false; InUse when another process holds it. A catalog on
    PostgreSQL with an index at a server is held by nobody: any number of processes may use it. `spread` is where
    many documents are read, split and embedded, if not here.
    """
    make_folder(config, create)
    holder = None if shared(config) else Holder(Path(config.library.path))
    try:
        return _open(config, holder, create, spread)
    except BaseException:
        if holder is not None:
            holder.release()
        raise


def _open(config: Config, holder: Holder | None, create: bool, spread: Spread | None) -> Library:
    from citewell.catalog import Catalog
    from citewell.cost import Costs

    at = place(config)
    costs = Costs.of(config.cost, at)
    embedder = costs.embedder(embedder_of(config.embed), config.embed)
    # Before anything is open: these may refuse a prompt file, or a budget that cannot be kept.
    answering = answering_of(config.chat, embedder, costs)
    score = _reranker(config.search, costs)
    catalog = Catalog(at, create=create or not config.catalog.url)
    try:
        if config.catalog.url:
            catalog.workers.join(holder is not None, config.catalog.lease)
        costs.open()
        whole(catalog)
        _same_embedder(catalog, embedder)
        index = open_index(config, catalog, embedder.dimensions)
        return _library(config, spread, Opened(catalog, index, embedder, answering, costs, score, holder))
    except BaseException:
        catalog.workers.leave()
        catalog.close()
        raise


@dataclass(frozen=True)
class Opened:
    """What a library is made around."""

    catalog: Catalog
    index: Index
    embedder: Embedder
    answering: Callable[[Catalog], Answering]
    costs: Costs
    score: Reranker | None
    holder: Holder | None


def _library(config: Config, spread: Spread | None, opened: Opened) -> Library:
    from citewell.library import Library
    from citewell.parts import Parts
    from citewell.prepare import Prepare
    from citewell.read import Limits
    from citewell.represent import sentences

    catalog, index, embedder, score = opened.catalog, opened.index, opened.embedder, opened.score
    read = config.read
    limits = Limits(
        max_bytes=read.max_bytes,
        max_pages=read.max_pages,
        max_characters=read.max_characters,
        max_unpacked_bytes=read.max_unpacked_bytes,
        max_seconds=read.max_seconds,
    )
    represent = (sentences,) if config.embed.sentences else ()
    suspects = read.suspicious != "off"
    answers = opened.answering(catalog)
    writing = _writing(config, answers.means.ask, catalog, embedder)
    prepare = Prepare(
        catalog, embedder, config.split.tokens, limits, represent, writing, suspects,
        collection=config.library.collection, spread=spread,
    )  # fmt: skip
    _same_settings(catalog, prepare)
    parts = Parts(
        catalog=catalog,
        index=index,
        embedder=embedder,
        answering=answers,
        costs=opened.costs,
        prepare=prepare,
        retrievers=retrievers(index, embedder, catalog, config.search, score=score),
        readers=_readers(index, prepare, config, score),
        shown=config.chat.passages,
        collection=config.library.collection,
        explain=_explain(catalog, index, prepare, config, score),
        holder=opened.holder,
        sources=planned(config.sources, config.read, Path(config.library.path) / "git"),
    )
    return Library(parts)


def _writing(config: Config, ask: Ask, catalog: Catalog, embedder: Embedder) -> Writing | None:
    """What a chat model writes of documents when they come in; None unless a setting asks for it."""
    from citewell.writing import KINDS, Write, Writing

    kinds = tuple(kind for kind in KINDS if getattr(config.embed, kind))
    if not kinds:
        return None
    longest = max(one.max_tokens for one in plugins.chain(config.chat))
    write = Write(ask, catalog.texts, config.chat.concurrency, longest)
    return Writing(write, kinds, partial(embedder.embed, kind="passage"), embedder.count)


def retrievers(
    index: Index,
    embedder: Embedder,
    catalog: Catalog,
    search: SearchConfig = SearchConfig(),
    lookup: Lookup | None = None,
    texts: PassageTexts | None = None,
    *,
    score: Reranker | None = None,
) -> dict[Mode, Retriever]:
    """The retriever of each search mode. `lookup` joins candidates with something else than the catalog.

    `texts` has the texts of what it knows; by default they are looked up. `score` is the reranker, where one is set.
    """
    from citewell.index.lexical import words as terms

    texts = texts or (catalog.words_of if lookup is None else _texts(lookup))
    lookup = lookup or catalog.hits
    dense, words = Dense(index, embedder), Lexical(index)
    keyword: Ranker = Typos(words, index) if search.typos else words
    if search.feedback:
        from citewell.index.lexical import asked

        keyword = Feedback(keyword, lookup, lambda text: list(asked(text, index.languages()).elements()))
    rankers: dict[Mode, Ranker] = {
        "dense": dense,
        "keyword": keyword,
        "tfidf": Lexical(index, "tfidf"),
        "hybrid": Proximity(Fuse((Pool(dense), Pool(keyword)), WEIGHTS, DEPTH), texts, terms),
    }
    ordered = _ordering(embedder, catalog, search, score or _reranker(search))
    return {mode: ordered(Join(Phrases(ranker, words, texts), lookup)) for mode, ranker in rankers.items()}


def _texts(lookup: Lookup) -> PassageTexts:
    """The texts of the passages that a lookup knows."""
    return lambda ids: {one: passage.text for one, (passage, _) in lookup(ids, None).items()}


def _ordering(
    embedder: Embedder, catalog: Catalog, search: SearchConfig, score: Reranker | None
) -> Callable[[Retriever], Retriever]:
    """What is done to the best hits of every mode, the innermost first."""
    steps: list[Callable[[Retriever], Retriever]] = []
    if search.late_interaction:
        tokens = getattr(embedder, "tokens", None)
        if tokens is None:
            raise Unsupported(
                f"the embedder {embedder.name!r} has no token vectors; unset search.late_interaction"
            )
        steps.append(lambda inner: Rerank(inner, LateInteraction(tokens)))
    if score is not None:
        steps.append(lambda inner: Rerank(inner, score))
    if search.diversity:
        steps.append(lambda inner: Diverse(inner, catalog.vectors_of, search.diversity))
    return lambda inner: reduce(lambda one, step: step(one), steps, inner)


def _readers(index: Index, prepare: Prepare, config: Config, score: Reranker | None) -> dict[Mode, Retriever]:
    """What the chat model is shown: what is found, without what is quarantined, the suspicious withheld."""
    chat, policy, catalog, embedder = config.chat, config.read.suspicious, prepare.catalog, prepare.embedder
    lookup = partial(catalog.hits, quarantined=policy != "quarantine")

    def shown(inner: Retriever) -> Retriever:
        if chat.collapse:
            inner = Collapse(inner)
        if chat.context_tokens:
            inner = Widen(inner, lookup, catalog.texts_of, embedder.count, chat.context_tokens)
        return Withhold(inner) if policy in ("withhold", "quarantine") else inner

    found = retrievers(index, embedder, catalog, config.search, lookup, catalog.words_of, score=score)
    return {mode: shown(one) for mode, one in found.items()}


def _explain(
    catalog: Catalog, index: Index, prepare: Prepare, config: Config, score: Reranker | None
) -> Explain:
    from citewell.explain import Explain, Grounds, Keywords
    from citewell.index import lexical
    from citewell.language import language_of
    from citewell.sources.folder import Folder

    def fetch(path: Path) -> Blob:
        file = Folder(path, max_bytes=prepare.limits.max_bytes)
        return file.fetch(next(file.items()))

    embedder = prepare.embedder
    keywords = Keywords(
        asked=lambda text: lexical.asked(text, index.languages()),
        terms=lambda text, fields: lexical.analyse(text, language_of(fields)),
        question={
            "bm25": lambda text: lexical.bm25_query(text, index.languages()),
            "tfidf": lambda text: lexical.tfidf_query(text, index.languages()),
        },
        passage={"bm25": lexical.bm25_passage, "tfidf": lexical.tfidf_passage},
    )
    return Explain(
        Grounds(
            catalog=catalog,
            index=index,
            embedder=embedder,
            prepare=prepare,
            retrievers=lambda other, lookup: retrievers(
                other, embedder, catalog, config.search, lookup, score=score
            ),
            keywords=keywords,
            meant=Typos(Lexical(index), index).meant if config.search.typos else lambda query: {},
            fetch=fetch,
            depth=DEPTH,
            shown=config.chat.passages,
        )
    )


def embedder_of(config: EmbedConfig) -> Embedder:
    """Return the embedder that a configuration names; one that is a service has no meter yet."""
    make = plugins.load("embedders", config.model)
    if config.model in plugins.KEYS:
        key_env = config.key_env or plugins.KEYS[config.model]
        hosted: Embedder = make(config.url, config.name, key_env=key_env, dimensions=config.dimensions)
        return hosted
    of_user = {"path": config.path, "name": config.name} if config.model == "onnx" else {}
    local: Embedder = make(**of_user, threads=config.threads)
    return local


def _reranker(config: SearchConfig, costs: Costs | None = None) -> Reranker | None:
    which = config.rerank
    if which is None:
        return None
    if isinstance(which, str):
        make = plugins.load("rerankers", which)
        key_env = config.rerank_key_env or plugins.KEYS[which]
        hosted: Reranker = make(config.rerank_url, config.rerank_name, key_env=key_env)
        return costs.reranker(hosted, which, config.rerank_url, config.rerank_name) if costs else hosted
    from citewell.providers.cross_encoder import CrossEncoder

    return CrossEncoder(which)


def _same_settings(catalog: Catalog, prepare: Prepare) -> None:
    """Documents are prepared anew where they come from a source; stored vectors are used again."""
    if catalog.setting("prepared") != prepare.settings:
        catalog.taken.forget_stamps()
        catalog.setting("prepared", prepare.settings)


def _same_embedder(catalog: Catalog, embedder: Embedder) -> None:
    """Vectors of two models cannot be compared: a library keeps the model that it was made with."""
    before = catalog.setting("embedder")
    if before is None:
        catalog.setting("embedder", embedder.name)
    elif before != embedder.name:
        raise BadInput(
            f"this library was made with the embedder {before!r}, the configuration says {embedder.name!r}; "
            "set embed.model back, or make a new library with `citewell init`"
        )
