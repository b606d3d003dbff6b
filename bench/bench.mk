# Included by the Makefile. PYTHON_ENV is the interpreter of the development environment.
PYTHON_ENV ?= .venv/bin/python
BENCH_SETS ?= ray_docs scifact cranfield

.PHONY: bench bench-access bench-faults bench-fault-constants bench-grounding bench-judge bench-injection bench-refusal bench-refusal-fit bench-environments bench-latency bench-scale bench-techniques bench-watching bench-answering bench-bulk bench-context bench-conversation bench-retrieval

bench-environments: ## the peers' environments, in .venvs
	bench/environments.sh

bench-latency: ## Citewell alone: start, size, memory, speed as the library grows
	$(PYTHON_ENV) -m bench.latency

bench-scale: ## one library from 10,000 to 1,000,000 passages; goes on where it stopped
	$(PYTHON_ENV) -m bench.scale

bench: bench-environments bench-latency ## Citewell and its peers side by side; writes docs/benchmarks.md
	$(PYTHON_ENV) -m bench.run --sets $(BENCH_SETS)

bench-techniques: ## every way to search on every set; writes docs/techniques.md
	$(PYTHON_ENV) -m bench.techniques --data $(DATA)

bench-answering: ## every technique with a local model: GGUF=file; writes docs/rag-techniques/measured.md
	$(PYTHON_ENV) -m bench.answering_techniques $(GGUF) --data $(DATA)

bench-context: ## what a model is shown for the same tokens: passages alone, or widened
	$(PYTHON_ENV) -m bench.context --data $(DATA)

bench-retrieval: ## the grid behind retrieve/constants.py, leave-one-set-out
	$(PYTHON_ENV) bench/retrieval.py --data $(DATA)

bench-conversation: ## follow-ups: the last turn alone, carried over, rewritten (MODEL_FILE=a.gguf)
	$(PYTHON_ENV) -m bench.conversation --data $(DATA) $(if $(MODEL_FILE),--model "$(MODEL_FILE)")

bench-injection: ## hostile documents: how often they are obeyed, and what the defence costs; MODEL_FILE= asks a local model
	$(PYTHON_ENV) -m bench.injection --data $(DATA) $(if $(MODEL_FILE),--model $(MODEL_FILE))

bench-faults: ## mechanical faults in answers: how many the checker catches
	$(PYTHON_ENV) -m bench.faults --data $(DATA)

bench-fault-constants: ## the constants of the checker, chosen leave-one-dataset-out
	$(PYTHON_ENV) -m bench.fault_constants --data $(DATA)

bench-grounding: ## a score for whole claims: balanced accuracy and AUROC, leave-one-dataset-out; its weights
	$(PYTHON_ENV) -m bench.grounding --data $(DATA)

bench-judge: ## what chat.judge adds to the checks: GGUF=file
	$(PYTHON_ENV) -m bench.judge $(GGUF) --data $(DATA)

bench-refusal: ## when it refuses, and whether it should, through the library
	$(PYTHON_ENV) -m bench.refusal --data $(DATA)

bench-refusal-fit: ## the same with gates fitted on the other sets; the weights for answer/constants.py
	$(PYTHON_ENV) -m bench.refusal --data $(DATA) --fit

bench-bulk: ## bulk ingest: without Ray, one worker, two
	$(PYTHON_ENV) -m bench.bulk --data $(DATA)

bench-access: ## does an access list lose what its reader may see? Recall against an exact scan
	$(PYTHON_ENV) -m bench.access

bench-watching: ## how soon a saved file is found, in folders of 10, 1,000 and 10,000 files
	$(PYTHON_ENV) -m bench.watching
