# The commands of this repository; `make` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test quick fuzz sweep bench format tables constraints advisories licences clean installed
# Container images set it. Without compiled modules each start of Label Studio takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
checked := scripts tests .ci
together := --numprocesses logical --maxprocesses 4 --dist worksteal

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 14

demo: installed ## go from the founding articles through Label Studio to a loaded dataset
	@.venv/bin/sayso demo

test: installed ## run everything that continuous integration runs; a part: make test PYTEST_ARGS="-k spans"
	@bash .ci/chromium
	$(python) -m ruff check $(checked)
	$(python) -m ruff format --check $(checked)
	$(python) -m mypy
	bash .ci/wheel
	$(python) -m tests.advisories --warn
	$(python) -m pytest $(or $(PYTEST_ARGS),$(together))

quick: installed ## run the tests that need no server and no browser and take no time
	$(python) -m pytest $(together) --hypothesis-profile quick -m "not server and not browser and not slow"

fuzz: installed ## feed thousands of random hostile inputs to everything that reads foreign data
	$(python) -m pytest $(together) --hypothesis-profile fuzz -m fuzz

sweep: installed ## kill and disturb commands at every moment, where the other runs take a sample
	SAYSO_EVERY_MOMENT=1 $(python) -m pytest $(together) --timeout 0 -m exhaustive

bench: installed ## print how fast and how large, against bare yardsticks
	$(python) tests/benchmarks/run_all.py

format: installed ## format the code
	$(python) -m ruff check --fix $(checked)
	$(python) -m ruff format $(checked)

tables: installed ## renew the generated tables of scripts/README.md
	$(python) -m tests.manual_tables

constraints: installed ## pin the newest versions that go together
	bash .ci/constraints

advisories: installed ## ask a public database for advisories about the pinned versions; fail if one is new
	$(python) -m tests.advisories

licences: installed ## list the licences of everything that Sayso needs
	$(python) -m tests.licences

clean: ## remove what these commands made, but not Label Studio's data under .sayso/
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find scripts tests .ci -name __pycache__ -prune -exec rm -rf {} +

installed: # .venv holds what pyproject.toml asks for at the versions of constraints.txt
	@bash .ci/install
