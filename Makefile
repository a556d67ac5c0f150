# Two commands on a fresh machine: make demo, make test. Everything lands in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check coverage format lock shots clean

demo: $(STAMP)
	$(BIN)/tidekeeper demo

test: $(STAMP)
	$(BIN)/python -m pytest

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Branches of the core that no test takes.
coverage: $(STAMP)
	$(BIN)/python -m pytest -q --cov --cov-report=term tests/moderation tests/usecases

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Remakes the pinned, hashed requirement files from pyproject.toml; without index addresses.
# requirements/newer.txt (what only Python 3.13 and later need) is made by a Python of that age:
#   pip-compile --generate-hashes with audioop-lts, and the marker python_version >= "3.13".
LOCK := $(BIN)/pip-compile --quiet --no-strip-extras --generate-hashes --allow-unsafe --no-header \
	--no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
lock:
	$(BIN)/pip install --quiet pip-tools
	$(LOCK) --output-file requirements/run.txt pyproject.toml
	$(LOCK) --extra demo --constraint requirements/run.txt --output-file requirements/demo.txt pyproject.toml
	$(LOCK) --extra demo --extra dev --constraint requirements/demo.txt --output-file requirements/dev.txt pyproject.toml

shots: $(STAMP)
	$(BIN)/python -m bot.sandbox.shots docs/images

clean:
	rm -rf $(VENV) build dist *.egg-info

$(STAMP): requirements/dev.txt requirements/newer.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt -r requirements/newer.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
