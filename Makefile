# `make demo` and `make test` need only Python 3.11 or later, pip, make and gcc; both make their own .venv.
PYTHON ?= python3
BIN := .venv/bin
# Tests are small: a process a core is faster than several threads in one, which would wait for each other.
TESTS := OMP_NUM_THREADS=1 PYTHONWARNDEFAULTENCODING=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# pip compiles on one core what it installs. Files that are templates and no Python fail, as they do under pip.
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib || true

.PHONY: setup demo test test-all check fast sanitize format bench clean

.venv/run: pyproject.toml constraints.txt
	@echo "Installing soundalike and its libraries into .venv: about 1.5 GB on disk, some minutes."
	$(PYTHON) -m venv .venv
	$(PIP) --no-compile -e .
	@$(COMPILE)
	@touch $@

.venv/dev: pyproject.toml constraints.txt
	@echo "Installing soundalike, its libraries and what the checks need into .venv: about 2 GB on disk, some minutes."
	$(PYTHON) -m venv .venv
	$(PIP) --no-compile -e ".[dev]"
	@$(COMPILE)
	@touch .venv/run $@

setup: .venv/run
	@$(BIN)/soundalike base add smollm2 || echo "Without it clones are made over the built-in base."
	@echo "Ready. Next: . .venv/bin/activate, then soundalike clone package.zip --out me, or soundalike --help."

demo: .venv/run
	$(BIN)/soundalike demo

# `make -j2 test` runs the checks beside the tests.
test: check fast

fast: .venv/dev
	$(TESTS) -m "not slow"

# llama.cpp is compiled for it, which takes minutes.
test-all: check
	$(PIP) -e ".[dev,llama]"
	$(TESTS)

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# fused.c under AddressSanitizer and UndefinedBehaviorSanitizer; `make test` runs it too.
sanitize: .venv/dev
	$(BIN)/python -m pytest tests/sanitize

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev
	$(PIP) -e ".[bench]"
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist
