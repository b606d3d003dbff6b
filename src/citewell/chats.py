"""What writes answers, from the section `chat` of the configuration: models, their prompt, the techniques."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from citewell import plugins
from citewell.errors import BadInput
from citewell.prompted import Style
from citewell.protocols import Chat, Embedder

GATED: Final = "minilm-l6-v2-"
"""The embedder whose cosines the gate before a model knows."""

if TYPE_CHECKING:
    from citewell.answer import Judged, Writer
    from citewell.answering import Answering
    from citewell.catalog import Catalog
    from citewell.cost import Costs
    from citewell.model import Found
    from citewell.settings import ChatConfig
    from citewell.techniques import Ask, Technique
    from citewell.techniques.judging import Judging


def answering_of(config: ChatConfig, embedder: Embedder, costs: Costs) -> Callable[[Catalog], Answering]:
    """What answers: the chat model, its prompt, and the techniques by name. It speaks of a catalog."""
    from citewell.access import scope
    from citewell.answer import judge
    from citewell.answer.render import body_of
    from citewell.answering import Answering
    from citewell.composing import Composing
    from citewell.prompts import chosen, templates
    from citewell.techniques import Ask, Means, read_routes

    asked, written = chat_of(config, embedder, costs), writer(config, embedder)
    chat = costs.cached(asked, plugins.chain(config))
    routes = read_routes(config.routes) if config.routes else ()
    bodies = cache(lambda name: body_of(chosen(templates(config.prompts), name)))
    ask = Ask(None if config.model == "extract" else chat, bodies)
    rewrite, second = _rewrite(config), _second(config, ask)
    usual = tuple(name for one in config.techniques.split(",") if (name := one.strip()))
    technique = partial(plugins.load, "techniques")
    for name in usual:
        technique(name)

    # The gate weighs cosines, and was fitted on those of one model: another's would be refused at random.
    refuse_below = config.refuse_below if embedder.name.startswith(GATED) else 0.0

    # Sentences of every answer's passages: not for a service that is paid for each.
    near = None if costs.embeds else embedder

    def judged(found: Found) -> Judged:
        return judge(found.query.text, found.hits, near)

    def of(catalog: Catalog) -> Answering:
        write = Composing(
            chat,
            written,
            lambda query: catalog.counts(scope(query))[:2],
            judged,
            refuse_below,
            config.policy,
            costs.quoting(chat),
            second,
        )
        means = Means(
            ask,
            partial(embedder.embed, kind="query"),
            write,
            lambda query: catalog.fields(scope(query)),
            routes,
        )
        return Answering(write, means, technique, usual, rewrite)

    return of


def _second(config: ChatConfig, ask: Ask) -> Judging | None:
    """What reads sentences that the checks do not support. BadInput where there is no model to read them."""
    from citewell.techniques.judging import Judging

    if config.judge and config.model == "extract":
        raise BadInput("chat.judge is true, and chat.model 'extract' is no model to ask; unset chat.judge")
    return Judging(ask) if config.judge else None


def _rewrite(config: ChatConfig) -> Technique | None:
    """What makes a follow-up stand by itself. BadInput where a model is to do it and there is none."""
    from citewell.techniques.rewrite import Rewrite

    if config.rewrite == "off":
        return None
    if config.rewrite == "model" and config.model == "extract":
        raise BadInput(
            "chat.rewrite is 'model', and chat.model 'extract' is none; set chat.rewrite to 'carry'"
        )
    asks = config.rewrite == "model" or (config.rewrite == "auto" and config.model != "extract")
    return partial(Rewrite, how="model" if asks else "carry")


def chat_of(config: ChatConfig, embedder: Embedder, costs: Costs) -> Chat:
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
