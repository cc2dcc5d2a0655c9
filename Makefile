# `make demo` and `make test` are all a newcomer needs; the rest is for those who change things.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := .demo
PARITY := .parity-venv
# Tests at a time. Many wait for processes, disks and clocks, so it pays on one core, too; each takes up to 1 GB.
WORKERS ?= 2

.PHONY: help venv demo test parity faults lint types licences wheel smoke bench vits clean

help:  ## Show this list.
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@

venv: $(BIN)/.installed  ## Make the virtual environment with everything the tests need.

demo: $(BIN)/.installed  ## Index the sample catalog and search it with a photo.
	@rm -rf $(DEMO)
	$(BIN)/edge-search --home $(DEMO) index catalog
	$(BIN)/edge-search --home $(DEMO) search catalog/queries/FJE-250-DRK.jpg -k 3

# The hundreds of processes that the tests start find their modules compiled.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(BIN)/.installed  ## Run all tests, WORKERS=2 at a time.
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# PyTorch without its dependencies, so that none of CUDA comes along; torchvision has no build for the CPU alone.
$(PARITY)/.installed: packaging/parity/libraries.txt packaging/parity/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(PARITY)
	$(PARITY)/bin/python -m pip install --quiet --upgrade pip
	$(PARITY)/bin/python -m pip install --quiet --no-deps --requirement packaging/parity/libraries.txt
	$(PARITY)/bin/python -m pip install --quiet --requirement packaging/parity/requirements.txt --editable '.[build]'
	touch $@

parity: $(PARITY)/.installed  ## Compare built networks with timm, torchvision and Keras themselves.
	PYTHONPATH=packaging $(PARITY)/bin/python -m parity

lint: $(BIN)/.installed  ## Check style and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/.installed  ## Check types.
	$(BIN)/mypy

licences: $(BIN)/.installed  ## Check that every installed dependency's licence is on the list.
	$(BIN)/python packaging/licences.py

wheel: $(BIN)/.installed  ## Build the wheel into dist/.
	rm -rf dist
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .

smoke: wheel  ## Install the wheel into a clean environment and search with it.
	PYTHON=$(PYTHON) sh packaging/smoke.sh dist/*.whl

faults: $(BIN)/.installed  ## Run the whole fault suite: kills, power cuts, full disks, damage, clocks, processes.
	EDGE_SEARCH_FAULTS=full $(BIN)/python -m pytest tests/faults tests/web/test_web_hostile.py -s

vits: $(BIN)/.installed  ## Import networks of the shapes of CLIP and DINOv2, ViT-B/16 to ViT-L/14 (minutes, 4 GB of disk).
	cd packaging && ../$(BIN)/python -m vit_imports.try_imports

bench: $(BIN)/.installed  ## Measure encoders, ingest, queries and the server on this machine.
	$(BIN)/edge-search --home $(DEMO) bench encoder
	$(BIN)/edge-search bench ingest
	$(BIN)/edge-search --home $(DEMO) index catalog >/dev/null
	$(BIN)/edge-search --home $(DEMO) bench query catalog/queries
	$(BIN)/edge-search bench serve --teach 2000

clean:  ## Remove what the other targets made.
	rm -rf $(VENV) $(PARITY) $(DEMO) dist .artefacts .mypy_cache .ruff_cache .pytest_cache .hypothesis
