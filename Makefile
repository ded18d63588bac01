# The commands of this repository. `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test bench format constraints clean installed
# Images of containers set it; without compiled modules each start of Label Studio costs three times as much.
unexport PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
checked := scripts tests .ci
together := --numprocesses logical --maxprocesses 4 --dist worksteal

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 14

demo: installed ## from the founding articles through Label Studio to a loaded dataset
	@.venv/bin/sayso demo

test: installed ## everything that must hold; more words for pytest: make test PYTEST_ARGS="-k spans"
	@bash .ci/chromium
	$(python) -m ruff check $(checked)
	$(python) -m ruff format --check $(checked)
	$(python) -m mypy
	bash .ci/wheel
	$(python) -m pytest $(or $(PYTEST_ARGS),$(together))

bench: installed ## how fast and how large, against the bare routes
	$(python) tests/benchmarks/run.py

format: installed ## put code into its form
	$(python) -m ruff check --fix $(checked)
	$(python) -m ruff format $(checked)

constraints: installed ## choose the newest versions that go together and write them down
	bash .ci/constraints

clean: ## remove what these commands made, except Label Studio's data under .sayso/
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find scripts tests .ci -name __pycache__ -prune -exec rm -rf {} +

installed: # .venv holds what pyproject.toml asks for at the versions of constraints.txt
	@bash .ci/install
