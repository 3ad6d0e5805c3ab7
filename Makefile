# `make demo` and `make test` need Python 3.11 to 3.13 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo

export TF_CPP_MIN_LOG_LEVEL ?= 2
export TF_ENABLE_ONEDNN_OPTS ?= 0

.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench bench-faults lock clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /	/'

install: $(VENV)/.installed ## Make .venv with the locked packages and this project.

$(VENV)/.installed: requirements.lock setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Residua needs Python 3.11 to 3.13, found %d.%d: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## Run the main job on the built-in data set.
	rm -rf $(DEMO)
	$(BIN)/python -m preprocessing.simulate --output $(DEMO)/raw
	$(BIN)/python -m preprocessing.task --input $(DEMO)/raw/sequences \
	  --format sequences --output $(DEMO)/data
	$(BIN)/python -m trainer.task --data_dir $(DEMO)/data --output_dir $(DEMO)/run
	$(BIN)/python -m trainer.task --data_dir $(DEMO)/data --preset talk_dense \
	  --output_dir $(DEMO)/dense
	$(BIN)/python -m inference.predict --model $(DEMO)/run/model \
	  --input $(DEMO)/raw/sequences/labeled_test_mixed_seq.csv \
	  --output $(DEMO)/scores.csv
	$(BIN)/python -m evaluation.report --model $(DEMO)/run/model \
	  --model $(DEMO)/dense/model --data $(DEMO)/data

lint: install ## Check style, types and layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## Check style, types and layers, then run the tests.
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

bench: install ## Measure speed; prints ratios of one run.
	$(BIN)/python -m benchmarks

bench-faults: install ## Kill training at 20 random moments; compare the ends.
	$(BIN)/python -m benchmarks.faults

lock: ## Resolve requirements.lock anew (needs uv).
	uv pip compile setup.py --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --output-file requirements.lock

clean: ## Remove what make wrote.
	rm -rf $(VENV) build dist *.egg-info
