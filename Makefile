# `make demo` and `make test` need only Python 3.11 or later, pip, make and gcc; both make their own .venv.
PYTHON ?= python3
BIN := .venv/bin
# Tests are small: a process a core is faster than several threads in one, which would wait for each other.
TESTS := OMP_NUM_THREADS=1 PYTHONWARNDEFAULTENCODING=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# pip compiles on one core what it installs. Files that are templates and no Python fail, as they do under pip.
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib || true

define PLAN
@echo "Installs soundalike and its libraries into .venv: about $(1) on disk, some minutes in which pip says nothing."
@if [ "$$(uname)" = Linux ] && [ -z "$$PIP_EXTRA_INDEX_URL" ] && \
	! $(PYTHON) -m pip config get global.extra-index-url >/dev/null 2>&1; then \
	echo "PyPI serves PyTorch's build for NVIDIA GPUs, which takes several GB more. For the one for processors end this"; \
	echo "with Ctrl-C and type: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make $(or $(MAKECMDGOALS),setup)"; \
fi
endef

.PHONY: setup demo test test-all check fast sanitize format bench clean

.venv/run: pyproject.toml constraints.txt
	$(call PLAN,1.5 GB)
	$(PYTHON) -m venv .venv
	$(PIP) --no-compile -e .
	@$(COMPILE)
	@touch $@

.venv/dev: pyproject.toml constraints.txt
	$(call PLAN,2 GB)
	$(PYTHON) -m venv .venv
	$(PIP) --no-compile -e ".[dev]"
	@$(COMPILE)
	@touch .venv/run $@

setup: .venv/run
	@echo "Now a larger base is fetched, 92 MB."
	@$(BIN)/soundalike base add smollm2 || echo "Without it clones are made over the built-in base."
	@echo "Ready. See it on an invented person, in two minutes:   make demo"
	@echo "Your own chats, on a page in your browser:             $(BIN)/soundalike studio --folder voices"
	@echo "Or by commands:   . $(BIN)/activate   then   soundalike clone package.zip --out me   (soundalike --help lists all)"

demo: .venv/run
	@$(BIN)/soundalike demo
	@echo "Before that command, once in each terminal: . $(BIN)/activate"

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
