# The same commands for people and for CI. Needs Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
# With threads of linear algebra beside them, test processes would be in each other's way.
TEST_PROCESSES ?= 2
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
SCHAKEL := $(BIN)/schakel

.PHONY: help install run test test-all lint check bench screenshots clean

help:
	@echo "make run          install, load the demo data once, serve on http://127.0.0.1:8000"
	@echo "make test         run the tests, but for the slow ones: a few minutes"
	@echo "make test-all     run every test, also in browsers, gunicorn, PostgreSQL, with training"
	@echo "make lint         check format, style and types"
	@echo "make check        lint and test-all, as CI does"
	@echo "make bench        print the figures of docs/quality.md and the README"
	@echo "make screenshots  pictures of the pages, into screenshots/"
	@echo "make install      only prepare the virtual environment"

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	@echo "Preparing .venv (a minute or two, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Schakel needs Python 3.11 or newer; name one: make run PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/tests-installed: .venv/installed tests/requirements.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

run: install
	@$(SCHAKEL) demo load --once
	@$(BIN)/gunicorn app:app

test: .venv/tests-installed
	$(PYTEST) -m "not slow"

test-all: .venv/tests-installed
	$(PYTEST)

lint: .venv/tests-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

check: lint test-all

bench: install
	$(BIN)/python -m benchmarks.answers
	$(BIN)/python -m benchmarks.initiatives
	$(BIN)/python -m benchmarks.briefs
	$(BIN)/python -m benchmarks.need_offer
	$(BIN)/python -m benchmarks.pages

screenshots: .venv/tests-installed
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
