"""assemble(config) -> Library: the only reader of the whole configuration; each room gets its own slice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING

from citewell import plugins
from citewell.errors import BadInput, Corrupt, NotFound, OutOfSpace, Unsupported
from citewell.lock import Holder
from citewell.model import Blob, Mode
from citewell.prompted import Style
from citewell.protocols import Chat, Embedder, Index, Reranker, Retriever
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
)
from citewell.retrieve.constants import DEPTH, WEIGHTS
from citewell.retrieve.join import Lookup
from citewell.retrieve.phrase import PassageTexts
from citewell.settings import SearchConfig

if TYPE_CHECKING:
    from citewell.answer.write import Writer
    from citewell.answering import Answering
    from citewell.catalog import Catalog
    from citewell.cost import Costs
    from citewell.explain import Explain
    from citewell.ingest import Prepare
    from citewell.library import Library
    from citewell.settings import ChatConfig, Config, EmbedConfig


def assemble(config: Config, *, create: bool = False) -> Library:
    """Open the library that a configuration describes.

    NotFound when there is none and `create` is false; InUse when another process holds it.
    """
    folder = Path(config.library.path)
    _folder(folder, create)
    holder = Holder(folder)
    try:
        return _open(config, folder, holder)
    except BaseException:
        holder.release()
        raise


def _open(config: Config, folder: Path, holder: Holder) -> Library:
    from citewell.catalog import Catalog
    from citewell.cost import Costs
    from citewell.ingest import Prepare
    from citewell.library import Library, Parts
    from citewell.read import Limits
    from citewell.represent import sentences

    costs = Costs.of(config.cost, folder / "catalog.db")
    embedder = costs.embedder(_embedder(config.embed), config.embed)
    # Before anything is open: these may refuse a prompt file, or a budget that cannot be kept.
    answering = _answering(config.chat, embedder, costs)
    score = _reranker(config.search, costs)
    catalog = Catalog(folder / "catalog.db")
    costs.open()
    _same_embedder(catalog, embedder)
    limits = Limits(**asdict(config.read))
    _same_terms(catalog, folder / "index")
    index = _index(folder / "index", embedder.dimensions)
    represent = (sentences,) if config.embed.sentences else ()
    prepare = Prepare(catalog, embedder, config.split.tokens, limits, represent)
    _same_settings(catalog, prepare)
    found = retrievers(index, embedder, catalog, config.search, score=score)
    parts = Parts(
        catalog=catalog,
        index=index,
        embedder=embedder,
        answering=answering,
        costs=costs,
        prepare=prepare,
        retrievers=found,
        readers={mode: _reader(one, config.chat, embedder, catalog) for mode, one in found.items()},
        shown=config.chat.passages,
        explain=_explain(catalog, index, prepare, config, score),
        holder=holder,
    )
    return Library(parts)


def retrievers(
    index: Index,
    embedder: Embedder,
    catalog: Catalog,
    search: SearchConfig = SearchConfig(),
    lookup: Lookup | None = None,
    *,
    score: Reranker | None = None,
) -> dict[Mode, Retriever]:
    """The retriever of each search mode. `lookup` joins candidates with something else than the catalog.

    `score` is the reranker, where one is set and made already.
    """
    from citewell.index.lexical import words as terms

    texts = catalog.words_of if lookup is None else _texts(lookup)
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


def _reader(inner: Retriever, chat: ChatConfig, embedder: Embedder, catalog: Catalog) -> Retriever:
    """What the chat model is shown of what a retriever finds."""
    shown = Collapse(inner) if chat.collapse else inner
    if not chat.context_tokens:
        return shown
    return Widen(shown, catalog.hits, catalog.texts_of, embedder.count, chat.context_tokens)


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


def _embedder(config: EmbedConfig) -> Embedder:
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


def _answering(config: ChatConfig, embedder: Embedder, costs: Costs) -> Answering:
    """What answers: the chat model, its prompt, and the techniques by name."""
    from citewell.answer.render import body_of
    from citewell.answering import Answering
    from citewell.prompts import chosen, templates
    from citewell.techniques import Ask, Means

    asked = _chat(config, embedder, costs)
    chat = costs.cached(asked, plugins.chain(config))
    bodies = cache(lambda name: body_of(chosen(templates(config.prompts), name)))
    ask = Ask(None if config.model == "extract" else chat, bodies)
    means = Means(ask, lambda texts: embedder.embed(texts, kind="query"))
    usual = tuple(name for one in config.techniques.split(",") if (name := one.strip()))
    technique = partial(plugins.load, "techniques")
    for name in usual:
        technique(name)
    return Answering(chat, writer(config, embedder), means, technique, usual, costs.quoting(chat))


def _chat(config: ChatConfig, embedder: Embedder, costs: Costs) -> Chat:
    """The chat model with what stands around it."""
    chats = tuple(_steady(one, embedder, costs) for one in plugins.chain(config))
    if len(chats) == 1:
        return chats[0]
    from citewell.providers.steady import Fallback

    return Fallback(chats)


def _steady(config: ChatConfig, embedder: Embedder, costs: Costs) -> Chat:
    make = plugins.load("chats", config.model)
    if config.model == "extract":
        chat: Chat = make(embedder)
        return chat
    from citewell.providers.steady import Breaker, Limited

    if config.model == "local":
        chat = make(config.path, max_tokens=config.max_tokens)
    else:
        key_env = config.key_env or plugins.KEYS[config.model]
        chat = make(config.url, config.name, key_env=key_env, max_tokens=config.max_tokens)
    return Limited(Breaker(costs.chat(chat, config)), config.concurrency)


def writer(config: ChatConfig, embedder: Embedder) -> Writer | None:
    """What fills in the chosen prompt file; None for `extract`, which takes no prompt.

    BadInput, with file and line, when that file is wrong.
    """
    if config.model == "extract":
        return None
    from citewell.prompts import chosen, templates, writer_of

    found = chosen(templates(config.prompts), config.prompt)
    if found.takes is not None:
        raise BadInput(
            f"chat.prompt is {config.prompt!r}, a technique's prompt; name one that writes answers"
        )
    return writer_of(found, style_of(config), lambda texts: embedder.embed(texts, kind="query"))


def style_of(config: ChatConfig) -> Style:
    """The style that the configuration asks for; what it leaves open is the prompt file's."""
    reasoning = {"on": True, "off": False}.get(config.reasoning)
    return Style(config.length, config.format, config.language, reasoning)


def _index(folder: Path, dimensions: int) -> Index:
    """Open the embedded index; one that is damaged is thrown away and made anew from the catalog."""
    from citewell.index.qdrant_edge import QdrantEdge

    try:
        return QdrantEdge(folder, dimensions)
    except Corrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return QdrantEdge(folder, dimensions)


def _folder(folder: Path, create: bool) -> None:
    if not create and not (folder / "catalog.db").exists():
        raise NotFound(f"there is no library at {str(folder)!r}; make one with `citewell init`")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutOfSpace(f"the library folder {str(folder)!r} cannot be made: {error.strerror}") from error


def _same_terms(catalog: Catalog, folder: Path) -> None:
    """Words are weighed when they are indexed: an index of another analyser is thrown away and made anew."""
    from citewell.index.lexical import VERSION

    if catalog.setting("terms") != str(VERSION):
        shutil.rmtree(folder, ignore_errors=True)
        catalog.setting("terms", str(VERSION))


def _same_settings(catalog: Catalog, prepare: Prepare) -> None:
    """Documents are prepared anew where they come from a source; stored vectors are used again."""
    if catalog.setting("prepared") != prepare.settings:
        catalog.forget_stamps()
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
