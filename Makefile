# Two commands are enough: `make run` and `make test`. Both set up what they need.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Bytecode makes every process start faster.
unexport PYTHONDONTWRITEBYTECODE

# Everything but benchmarks, chaos (each has its own command) and browser tests left out by `test`.
APART := --ignore=tests/benchmarks --ignore=tests/chaos
# What speaks to the back-ends in ways of its own runs a second time against those of containers;
# repeating the rest would test the product twice, not the containers.
CONTAINER_TESTS := tests/flow $(patsubst %,tests/backends/test_%.py,\
	audit projection relay relay_faults runner sending server throttle worker)

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-16s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: environment ## Set up and start the whole system at http://localhost:8000 (Ctrl-C stops it)
	@exec $(BIN)/python -m deploy.local run

.PHONY: partner-demo
partner-demo: environment ## Against a running system: subscribe the example receiver and print events
	@exec $(BIN)/python -m deploy.local partner-demo

.PHONY: test
test: setup ## Run all tests with real back-ends (not benchmarks and chaos), on two cores
ifdef TESTS
	@exec $(BIN)/python -m pytest $(TESTS)
else
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile --maxprocesses 2 tests $(APART)
endif

.PHONY: test-containers
test-containers: environment ## Run the tests that need back-ends against containers (needs a Docker engine)
	@TIAOJIE_TEST_BACKENDS=containers exec $(BIN)/python -m pytest $(CONTAINER_TESTS)

.PHONY: check
check: environment ## Lint, format, types, import rules, generated contracts: all must be clean
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m deploy.contracts --check

.PHONY: contracts
contracts: environment ## Write the generated contracts again (OpenAPI, AsyncAPI, JSON Schemas, diagram)
	@$(BIN)/python -m deploy.contracts

.PHONY: bench
bench: setup ## Measure speed and size against floors of the same run
	@exec $(BIN)/python -m tests.benchmarks

.PHONY: bench-notify
bench-notify: setup ## Measure planning of messages and webhook deliveries against floors of the same run
	@exec $(BIN)/python -m tests.benchmarks planning deliveries isolation

.PHONY: bench-query
bench-query: setup ## Measure lookups, events until they are seen, the rebuild, search and statistics
	@exec $(BIN)/python -m tests.benchmarks progress seen rebuild search counts

.PHONY: bench-search
bench-search: setup ## Measure answers to judged questions and speed of search (POLICIES=folder: with its law files)
	@exec $(BIN)/python -m tests.benchmarks search $(if $(POLICIES),--policies $(POLICIES))

.PHONY: soak
soak: setup ## Run the system for ten minutes and look for growth
	@exec $(BIN)/python -m tests.benchmarks soak

.PHONY: chaos
chaos: setup ## Kill, stop and cut off processes under load and prove that nothing is lost
	@exec $(BIN)/python -m pytest tests/chaos

.PHONY: setup
setup: environment ## Install what run and test need, and start nothing
	@$(BIN)/python -m deploy.local prepare

.PHONY: clean
clean: ## Remove all local data: databases, queues, keys, logs
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local clean; \
	else rm -rf "$${TIAOJIE_DATA_DIR:-.data}"; fi

.PHONY: distclean
distclean: clean ## Remove the virtual environment and all caches too
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: lock
lock: environment ## Write the lock files again from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group dev \
		--output-file requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-deps \
		--no-emit-index-url --no-emit-find-links --group pyproject.toml:local --output-file requirements-local.lock

# The virtual environment as the lock files say; a moment when nothing has changed.
.PHONY: environment
environment:
	@$(PYTHON) -m deploy.local.environment
