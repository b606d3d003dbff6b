"""What the doctor says of the models that are configured. Nothing is sent."""

from __future__ import annotations

import pytest

from citewell import doctor
from citewell.config import load
from citewell.doctor import Finding, examine


def finding(name: str, **settings: object) -> Finding:
    config = load({key.replace("_", ".", 1): value for key, value in settings.items()}, {}).config
    return next(one for one in examine(config) if one.name == name)


@pytest.mark.parametrize("service", ["openai", "anthropic"])
def test_a_hosted_chat_needs_a_name_and_a_key(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    url = "http://127.0.0.1:1/v1"
    missing = finding("chat", chat_model=service, chat_url=url)
    assert (missing.state, "chat.name" in missing.remedy) == ("missing", True)
    keyless = finding("chat", chat_model=service, chat_url=url, chat_name="m")
    assert (keyless.state, f"{service.upper()}_API_KEY" in keyless.remedy) == ("warn", True)
    monkeypatch.setenv("OTHER_KEY", "secret")
    good = finding("chat", chat_model=service, chat_url=url, chat_name="m", chat_key_env="OTHER_KEY")
    assert (good.state, "$OTHER_KEY" in good.text, "secret" in good.text) == ("ok", True, False)


def test_a_service_whose_package_is_absent_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    found = finding("chat", chat_model="anthropic", chat_name="m")
    assert (found.state, found.remedy) == ("missing", "pip install 'citewell[anthropic]'")


def test_embedder_and_reranker_are_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CO_API_KEY", raising=False)
    assert finding("embedder", embed_model="cohere").remedy == "set embed.name in citewell.toml"
    assert "CO_API_KEY" in finding("embedder", embed_model="cohere", embed_name="embed-v4.0").remedy
    assert "embed.path" in finding("embedder", embed_model="onnx").remedy
    assert finding("embedder", embed_model="onnx", embed_path="no/such/folder").state == "missing"
    assert "search.rerank_name" in finding("reranker", search_rerank="cohere").remedy
    assert finding("reranker", search_rerank="no/such/folder").state == "missing"


def test_fallbacks_are_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    config = load({"chat.fallback": "anthropic:claude, extract"}, {}).config
    chats = [one for one in examine(config) if one.name == "chat"]
    assert [one.state for one in chats] == ["ok", "warn", "ok"]
    assert "ANTHROPIC_API_KEY" in chats[1].remedy
