# Everything a newcomer needs: each target makes .venv and installs what it needs first.
PYTHON ?= python3
LOWEST ?= $(PYTHON)
NEWEST ?= $(PYTHON)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-all test-lowest test-newest dist-check coverage lint docs images audit clean-demo

# The whole chain, on real and on simulated listeners: figures and tables of results in demo/.
demo: $(READY)-demo
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/quickstart.sh

# All but the tests marked as long, for work on the code; what must pass before a change lands is test-all.
test: $(READY)-test
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not long'

test-all: $(READY)-test
	$(BIN)/python -m pytest -n auto --dist worksteal

# The quick tests in a fresh environment, with the lowest and with the newest versions of the packages (docs/versions.md).
test-lowest:
	$(PYTHON) .ci/versions.py lowest --python $(LOWEST)

test-newest:
	$(PYTHON) .ci/versions.py newest --python $(NEWEST)

# What users get: the wheel and the sdist, built into dist/ and run outside of the repository (docs/releasing.md).
dist-check:
	$(PYTHON) .ci/dist.py

# The same tests, and which lines of the package no test runs; not a part of .ci/run, because it takes half as long again.
coverage: $(READY)-test
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered --cov-report=html

lint: $(READY)-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin
	$(BIN)/lint-imports --no-logo

# Known advisories against the installed packages; only a line where PyPI cannot be reached.
audit: $(READY)-test
	$(BIN)/python .ci/audit.py

# With the notebooks, which are run for it (a minute and a half); RUN_NOTEBOOKS=false shows them without outputs.
docs: export PYTHONWARNINGS = ignore:IProgress not found
docs: $(READY)-docs
	$(BIN)/python docs/make_reference.py
	$(BIN)/mkdocs build --strict --quiet
	@echo "documentation: site/index.html"

# The pictures of the documentation, from the demo; see the script for what it needs.
images: $(READY)-test
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/make_images.sh

clean-demo:
	rm -rf demo

# pip, and not another installer: only pip finds the CPU build of torch where one is provided.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rtcan needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(READY)-demo: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[music,networks,solvers]'
	touch $@

$(READY)-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(READY)-docs: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@
