# The same commands for people and for CI. Needs Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
# Test processes; each builds a small index of its own. With threads of linear algebra beside
# they would only be in each other's way.
TEST_PROCESSES ?= 2
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
FLASK := $(BIN)/python -m flask --app app

.PHONY: help install run test check bench screenshots clean

help:
	@echo "make run          install, load the demo data once, serve on http://127.0.0.1:8000"
	@echo "make test         run every test"
	@echo "make check        format, lint, types, tests"
	@echo "make bench        print the figures of docs/quality.md and the README"
	@echo "make screenshots  pictures of the pages, into screenshots/"
	@echo "make install      only prepare the virtual environment"

install: .venv/installed

.venv/installed: requirements.txt
	@echo "Preparing .venv (a minute or two, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Schakel needs Python 3.11 or newer; name one: make run PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/tests-installed: .venv/installed tests/requirements.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

run: install
	@$(FLASK) demo load --once
	@$(BIN)/gunicorn app:app

test: .venv/tests-installed
	$(PYTEST)

check: .venv/tests-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

bench: install
	$(BIN)/python -m benchmarks.answers
	$(BIN)/python -m benchmarks.initiatives
	$(BIN)/python -m benchmarks.briefs
	$(BIN)/python -m benchmarks.meeting
	$(BIN)/python -m benchmarks.pages

screenshots: .venv/tests-installed
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
