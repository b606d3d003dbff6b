"""The settings, section by section: name, type, default, rules, and what each is about. Frozen data."""

# ruff: noqa: RUF009  (_setting is dataclasses.field with rules)
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from citewell.declared import SourceConfig
from citewell.model import Mode, Policy
from citewell.prompted import FORMATS, LENGTHS, Format, Length

LIBRARY_FOLDER = ".citewell"
MIB = 1024 * 1024

Rewriting: TypeAlias = Literal["auto", "model", "carry", "off"]
Suspicious: TypeAlias = Literal["quarantine", "withhold", "mark", "off"]
ChatModel: TypeAlias = Literal["extract", "local", "openai", "openai-responses", "anthropic", "cohere"]


def _setting(default: Any, about: str, **rules: Any) -> Any:
    """A field; `least`, `most`, `choices`, `variable`, `address`, `path` (with `names` that are none) are its rules."""
    return field(default=default, metadata={"about": about, **rules})


@dataclass(frozen=True, slots=True)
class LibraryConfig:
    """Where the library is."""

    path: Path = _setting(Path(LIBRARY_FOLDER), "folder of the catalog and the index", path=True)
    collection: str = _setting(
        "", "where documents go and questions look that name no collection; empty: main, and all of them"
    )


@dataclass(frozen=True, slots=True)
class CatalogConfig:
    """Where documents, passages and vectors are kept."""

    url: str = _setting(
        "",
        "address of a PostgreSQL database, postgresql+psycopg://USER@HOST/DATABASE; empty is SQLite in library.path",
        address=True,
    )
    schema: str = _setting("citewell", "schema of its tables in that database")
    lease: float = _setting(
        15.0,
        "seconds without a sign of life after which others take over a process's work",
        least=1,
        most=3600,
    )
    fields: str = _setting(
        "", 'types of metadata fields for `citewell sql`, as "year number, tags list"; others are inferred'
    )
    tables: str = _setting(
        "", "tables and views of your own in that database that `citewell sql` may read, apart by commas"
    )
    password_env: str = _setting(
        "",
        "environment variable of its password; empty is PGPASSWORD or ~/.pgpass, as with every PostgreSQL client",
        variable=True,
    )


@dataclass(frozen=True, slots=True)
class EmbedConfig:
    """What turns text into vectors."""

    model: str = _setting(
        "minilm", 'minilm, onnx, openai or cohere ("hash" is a stub for tests: it knows no meaning)'
    )
    path: Path | None = _setting(None, "folder of a sentence-transformers model, for onnx", path=True)
    url: str = _setting("", "address of the service; empty is the hosted one")
    name: str = _setting("", "the model's name there; for onnx without path, owner/model@commit on the hub")
    key_env: str = _setting("", "environment variable of its key; empty is the service's own", variable=True)
    dimensions: int = _setting(
        0, "length of its vectors; 0 is what the model is known for", least=0, most=65536
    )
    sentences: bool = _setting(
        False, "index each sentence of a passage too, by meaning: about four times the vectors, on disk too"
    )
    context: bool = _setting(
        False,
        "chat.model writes where each passage stands in its document: indexed in front of it, by words too",
    )
    summaries: bool = _setting(False, "chat.model sums each passage up; the summary leads to it, by meaning")
    questions: bool = _setting(
        False, "chat.model writes the questions that each passage answers; they lead to it, by meaning"
    )
    tree: bool = _setting(
        False,
        "chat.model sums up passages that are near each other, and such summaries; they lead to them (RAPTOR)",
    )
    threads: int = _setting(0, "threads that embed; 0 takes all cores", least=0, most=1024)


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """Where vectors and words are searched. It can be made anew from the catalog at any time, without embedding."""

    store: str = _setting(
        "edge", "edge (embedded), qdrant (a server), pgvector (PostgreSQL), chroma, pinecone or weaviate"
    )
    url: str = _setting(
        "",
        "address of the server, without a password; empty with chroma: in the library's folder",
        address=True,
    )
    collection: str = _setting("citewell", "its name there; one for each library")
    key_env: str = _setting(
        "", "environment variable of its key or password; empty is the store's own", variable=True
    )
    timeout: float = _setting(10.0, "seconds that an answer may take", least=0.1, most=600)


@dataclass(frozen=True, slots=True)
class SplitConfig:
    """How documents become passages."""

    tokens: int = _setting(200, "most tokens in a passage, by the embedder's own count", least=16, most=8192)


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """How passages are found, unless a request says otherwise."""

    mode: Mode = _setting(
        "hybrid", "hybrid, dense, keyword (BM25) or tfidf", choices=("hybrid", "dense", "keyword", "tfidf")
    )
    limit: int = _setting(10, "hits of a search", least=1, most=1000)
    typos: bool = _setting(True, "a word that no passage has is looked for as the nearest that one has")
    feedback: bool = _setting(False, "keyword search asks again with the words of what came up first (RM3)")
    rerank: Path | str | None = _setting(
        None,
        "what orders the best 50: the folder of an ONNX cross-encoder (model.onnx, tokenizer.json), or cohere",
        path=True,
        names=("cohere",),
    )
    rerank_url: str = _setting("", "address of the reranking service; empty is the hosted one")
    rerank_name: str = _setting("", "the reranking model's name there")
    rerank_key_env: str = _setting(
        "", "environment variable of its key; empty is the service's own", variable=True
    )
    late_interaction: bool = _setting(
        False, "order the best 50 by the embedder's token vectors (MaxSim): embeds them at every search"
    )
    diversity: float = _setting(
        0.0, "how much a hit must differ from those above it (MMR); 0 is off", least=0, most=1
    )


@dataclass(frozen=True, slots=True)
class ChatConfig:
    """What writes answers."""

    model: ChatModel = _setting(
        "extract",
        "extract (quoted passages, no model), local (a GGUF file), openai (any compatible server), "
        "openai-responses (OpenAI itself, and servers that speak its newer protocol), anthropic or cohere",
        choices=("extract", "local", "openai", "openai-responses", "anthropic", "cohere"),
    )
    path: Path | None = _setting(None, "GGUF file, for local", path=True)
    url: str = _setting("", "address up to and with /v1, for openai; elsewhere empty is the hosted service")
    name: str = _setting("", "the model's name at that address")
    key_env: str = _setting("", "environment variable of its key; empty is the service's own", variable=True)
    fallback: str = _setting(
        "", "asked next when it fails: MODEL, MODEL:NAME or MODEL:NAME@URL (local:PATH), commas between"
    )
    concurrency: int = _setting(16, "calls to one model at once; others wait", least=1, most=1000)
    max_tokens: int = _setting(512, "most tokens of an answer", least=1, most=131072)
    prompt: str = _setting("answer", "prompt file: its name, or name@version (`citewell prompt list`)")
    prompts: Path | None = _setting(None, "folder of your own prompt files", path=True)
    length: Length = _setting(
        "", "short, normal or long; nothing: as the prompt says", choices=("", *LENGTHS)
    )
    format: Format = _setting("", "prose, bullets or steps", choices=("", *FORMATS))
    language: str = _setting("", "question (answer in the question's language) or a language's name")
    reasoning: Literal["", "on", "off"] = _setting(
        "", "on: the model thinks first, apart from the answer", choices=("", "on", "off")
    )
    techniques: str = _setting(
        "", "how an answer is found, commas between, the first innermost (`citewell ask --help`)"
    )
    routes: Path | None = _setting(None, "file of the collections that questions are routed to", path=True)
    rewrite: Rewriting = _setting(
        "auto",
        "how a follow-up is made to stand by itself: model (asked first), carry (what was named before is said "
        "again), off; auto is model where there is one, else carry",
        choices=("auto", "model", "carry", "off"),
    )
    passages: int = _setting(8, "passages that the model is shown", least=1, most=100)
    policy: Policy = _setting(
        "mark",
        "sentences without support: strict (left out), mark (shown, and marked) or off (not looked for)",
        choices=("strict", "mark", "off"),
    )
    judge: bool = _setting(
        False,
        "ask the model whether the nearest quote supports a sentence that the checks do not; a call for each",
    )
    cache: int = _setting(
        0, "answers that are kept, and not paid again for the same prompt; 0 is off", least=0, most=1_000_000
    )
    collapse: bool = _setting(True, "show one of several passages that say the same")
    refuse_below: float = _setting(
        0.1,
        "how likely the passages must answer for a model to be asked, with minilm; 0 asks always",
        least=0,
        most=1,
    )
    context_tokens: int = _setting(
        0,
        "widen passages to the section around them, to this many tokens in all; 0 shows them alone",
        least=0,
        most=1_000_000,
    )


@dataclass(frozen=True, slots=True)
class CostConfig:
    """What may be spent on hosted models, in US dollars."""

    prices: Path | None = _setting(None, "your own price file (TOML); its lines come first", path=True)
    per_request: float = _setting(0.0, "most that one question may cost; 0 is no limit", least=0)
    per_day: float = _setting(0.0, "most that one day (UTC) may cost; 0 is no limit", least=0)
    ask_above: float = _setting(0.0, "add and sync ask before they spend more than this", least=0)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where `citewell serve` listens."""

    host: str = _setting("127.0.0.1", "address to listen on; anything but loopback needs a key")
    hosts: str = _setting("", "names it may be called by, with commas between, beside its own address")
    port: int = _setting(8000, "port to listen on; 0 takes a free one", least=0, most=65535)
    key_env: str = _setting("CITEWELL_KEY", "environment variable that holds its key", variable=True)


@dataclass(frozen=True, slots=True)
class ReadConfig:
    """Limits on one file (past them it is refused with one line, and the rest goes on); hostile text."""

    max_bytes: int = _setting(64 * MIB, "bytes", least=1)
    max_pages: int = _setting(5_000, "pages", least=1)
    max_characters: int = _setting(20_000_000, "characters of text", least=1)
    max_unpacked_bytes: int = _setting(512 * MIB, "bytes of an archive (DOCX, EPUB …) unpacked", least=1)
    max_seconds: float = _setting(120.0, "seconds of reading", least=0.001)
    suspicious: Suspicious = _setting(
        "withhold",
        "text that reads as an instruction to a model, or is hidden: withhold (models are not shown it), quarantine "
        "(nor the rest of its passage), mark (it is only said) or off",
        choices=("quarantine", "withhold", "mark", "off"),
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, by section, and the sources."""

    library: LibraryConfig = LibraryConfig()
    catalog: CatalogConfig = CatalogConfig()
    embed: EmbedConfig = EmbedConfig()
    index: IndexConfig = IndexConfig()
    split: SplitConfig = SplitConfig()
    search: SearchConfig = SearchConfig()
    chat: ChatConfig = ChatConfig()
    cost: CostConfig = CostConfig()
    server: ServerConfig = ServerConfig()
    read: ReadConfig = ReadConfig()
    sources: tuple[SourceConfig, ...] = ()
