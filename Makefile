# Targets that a person uses; `make help` lists them.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# The tests start many hundred programs; each would compile the whole project anew.
unexport PYTHONDONTWRITEBYTECODE
# Side by side: the tests of two files share nothing, and each process has a world of its own. Two worlds at once are
# enough: a drill waits more than it computes, but a third one makes the others late on two cores.
PYTEST := $(BIN)/python -m pytest --dist loadfile
QUICK := $(PYTEST) -m "not drill and not engine" --numprocesses auto --maxprocesses 4
EVERYDAY := $(PYTEST) -m "not drill and not engine and not thorough" --numprocesses auto --maxprocesses 4
SLOW := $(PYTEST) -m "drill or engine" --numprocesses 2

.DEFAULT_GOAL := help
.PHONY: help setup drill test check explore lint types docs benchmarks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: .venv/installed ## install everything into .venv, with the hashes of requirements.lock

.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found."; echo "hint: install python3 (3.11 or newer) with its venv module, or say make PYTHON=/path/to/python3"; exit 2; } >&2
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch .venv/installed

drill: setup ## rehearse Samia on AWS and Celora on Azure side by side: lose regions, fail over, fail back, report
	$(BIN)/dr drill samia --plan samia --plan celora

test: setup ## all tests, the drills on a real database among them
	@$(QUICK); quick=$$?; $(SLOW); slow=$$?; test $$quick = 0 && test $$slow = 0

check: lint types ## the everyday check: lint, types and the tests that take no time
	$(EVERYDAY)

explore: setup ## the tests of properties, on examples that nobody has seen yet
	$(PYTEST) --hypothesis-profile explore -m "not drill and not engine" --numprocesses auto \
		$$(grep -rl "^from hypothesis import.*given" tests)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/zizmor --quiet --offline .github/workflows

types: setup
	$(BIN)/mypy agent components model policies previews sandbox scripts tests

benchmarks: setup ## measure: failover, engine, guard, services, policy, preview (tables, and JSON in out/)
	@for b in failover engine guard services policy preview; do $(BIN)/python -m benchmarks.$$b || exit 1; done

docs: setup ## write docs/runbooks anew from the tables of the runbooks
	$(BIN)/python -m scripts.runbooks.pages

clean: ## remove what the project made here (not .venv)
	rm -rf out .dr .pytest_cache .mypy_cache .ruff_cache
