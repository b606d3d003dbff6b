"""assemble(config) -> Library: the only reader of the whole configuration; each room gets its own slice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from citewell import plugins
from citewell.config import SearchConfig
from citewell.errors import BadInput, Corrupt, NotFound, OutOfSpace, Unsupported
from citewell.lock import Holder
from citewell.model import Blob, Chat, Embedder, Index, Mode, Retriever
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

if TYPE_CHECKING:
    from citewell.catalog import Catalog
    from citewell.config import ChatConfig, Config
    from citewell.explain import Explain
    from citewell.ingest import Prepare
    from citewell.library import Library


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
    from citewell.ingest import Prepare
    from citewell.library import Library, Parts
    from citewell.read import Limits
    from citewell.represent import sentences

    embedder: Embedder = plugins.load("embedders", config.embed.model)(threads=config.embed.threads)
    catalog = Catalog(folder / "catalog.db")
    _same_embedder(catalog, embedder)
    read = config.read
    limits = Limits(
        max_bytes=read.max_bytes,
        max_pages=read.max_pages,
        max_characters=read.max_characters,
        max_unpacked_bytes=read.max_unpacked_bytes,
        max_seconds=read.max_seconds,
    )
    _same_terms(catalog, folder / "index")
    index = _index(folder / "index", embedder.dimensions)
    represent = (sentences,) if config.embed.sentences else ()
    prepare = Prepare(catalog, embedder, config.split.tokens, limits, represent)
    _same_settings(catalog, prepare)
    found = retrievers(index, embedder, catalog, config.search)
    parts = Parts(
        catalog=catalog,
        index=index,
        embedder=embedder,
        chat=_chat(config.chat, embedder),
        prepare=prepare,
        retrievers=found,
        readers={mode: _reader(one, config.chat, embedder, catalog) for mode, one in found.items()},
        shown=config.chat.passages,
        policy=config.chat.policy,
        explain=_explain(catalog, index, prepare, config),
        holder=holder,
    )
    return Library(parts)


def retrievers(
    index: Index,
    embedder: Embedder,
    catalog: Catalog,
    search: SearchConfig = SearchConfig(),
    lookup: Lookup | None = None,
) -> dict[Mode, Retriever]:
    """The retriever of each search mode. `lookup` joins candidates with something else than the catalog."""
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
    ordered = _ordering(embedder, catalog, search)
    return {mode: ordered(Join(Phrases(ranker, words, texts), lookup)) for mode, ranker in rankers.items()}


def _texts(lookup: Lookup) -> PassageTexts:
    """The texts of the passages that a lookup knows."""
    return lambda ids: {one: passage.text for one, (passage, _) in lookup(ids, None).items()}


def _ordering(embedder: Embedder, catalog: Catalog, search: SearchConfig) -> Callable[[Retriever], Retriever]:
    """What is done to the best hits of every mode, the innermost first."""
    steps: list[Callable[[Retriever], Retriever]] = []
    if search.late_interaction:
        tokens = getattr(embedder, "tokens", None)
        if tokens is None:
            raise Unsupported(
                f"the embedder {embedder.name!r} has no token vectors; unset search.late_interaction"
            )
        steps.append(lambda inner: Rerank(inner, LateInteraction(tokens)))
    if search.rerank is not None:
        from citewell.providers.cross_encoder import CrossEncoder

        score = CrossEncoder(Path(search.rerank))
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


def _explain(catalog: Catalog, index: Index, prepare: Prepare, config: Config) -> Explain:
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
            retrievers=lambda other, lookup: retrievers(other, embedder, catalog, config.search, lookup),
            keywords=keywords,
            meant=Typos(Lexical(index), index).meant if config.search.typos else lambda query: {},
            fetch=fetch,
            depth=DEPTH,
            shown=config.chat.passages,
        )
    )


def _chat(config: ChatConfig, embedder: Embedder) -> Chat:
    make = plugins.load("chats", config.model)
    if config.model == "extract":
        chat: Chat = make(embedder)
    elif config.model == "local":
        chat = make(config.path, max_tokens=config.max_tokens)
    else:
        chat = make(config.url, config.name, key_env=config.key_env, max_tokens=config.max_tokens)
    return chat


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
