# The environment is made when it is missing or when pyproject.toml has changed since.
PYTHON ?= python3
VENV := .venv
PEERS := .venv/peers
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
PEERS_BIN := $(PEERS)/Scripts
else
BIN := $(VENV)/bin
PEERS_BIN := $(PEERS)/bin
endif
READY := $(VENV)/ready

.PHONY: demo test lint types layers env window format benchmark clean

demo: env
	$(BIN)/graftwork demo --out demo

# Two processes at once: half of the time on two cores, and no more memory than small machines have.
test: lint types layers
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env
	$(BIN)/mypy

layers: env
	$(BIN)/lint-imports

window: env
	$(BIN)/graftwork

# Hours, and --docs puts the tables into the docs; docs/benchmarks.md has a short trial.
benchmark: env $(PEERS)/ready
	$(BIN)/python benchmarks/peers.py --peers-python $(PEERS_BIN)/python $(BENCHMARK)

$(PEERS)/ready: pyproject.toml benchmarks/requirements-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS_BIN)/python -m pip install --quiet --editable . \
		--requirement benchmarks/requirements-peers.txt
	$(PEERS_BIN)/python -c "open('$(PEERS)/ready', 'w').close()"

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

env: $(READY)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	$(BIN)/python -c "open('$(READY)', 'w').close()"

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(p, ignore_errors=True) for p in ('$(VENV)', 'demo')]"
