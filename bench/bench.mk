# Included by the Makefile. PYTHON_ENV is the interpreter of the development environment.
PYTHON_ENV ?= .venv/bin/python
BENCH_SETS ?= ray_docs scifact cranfield

.PHONY: bench bench-environments bench-latency

bench-environments:
	bench/environments.sh

bench-latency:
	$(PYTHON_ENV) -m bench.latency

bench: bench-environments bench-latency
	$(PYTHON_ENV) -m bench.run --sets $(BENCH_SETS)
