# The same commands for people and for CI. Needs Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
# With threads of linear algebra beside them, test processes would be in each other's way.
TEST_PROCESSES ?= 2
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
SCHAKEL := $(BIN)/schakel
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
# The lists are complete, and each file of a package has to have one of the hashes in them. They leave
# out what packages ask for and the service has no use for (pyproject.toml), hence --no-deps.
PIP_INSTALL := $(PIP) install --require-hashes --no-deps

.PHONY: help install run test test-all lint check bench screenshots lock clean

help:
	@echo "make run          install, load the demo data once, serve on http://127.0.0.1:8000"
	@echo "make test         run the tests, but for the slow ones: a few minutes"
	@echo "make test-all     run every test, also in browsers, gunicorn, PostgreSQL, with training"
	@echo "make lint         check format, style and types"
	@echo "make check        lint and test-all, as CI does"
	@echo "make bench        print the figures of docs/quality.md and the README"
	@echo "make screenshots  pictures of the pages, into screenshots/"
	@echo "make lock         write requirements.txt anew from pyproject.toml, with hashes"
	@echo "make install      only prepare the virtual environment"

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	@echo "Preparing .venv (a minute or two, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Schakel needs Python 3.11 or newer; name one: make run PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP_INSTALL) -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/tests-installed: .venv/installed tests/requirements.txt
	@$(PIP_INSTALL) -r tests/requirements.txt
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

# Add UPGRADE=--upgrade for the newest versions, or UPGRADE="--upgrade-package NAME" for one of them.
# Needs uv, which isn't installed with the rest: pip install uv.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE)
lock:
	$(LOCK) pyproject.toml --group build -o requirements.txt
	$(LOCK) --group tests -c requirements.txt -o tests/requirements.txt

screenshots: .venv/tests-installed
	$(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
