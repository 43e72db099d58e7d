# Two commands matter: `make run` and `make test`. Both need only python3 >= 3.11 with venv, and make.
.DEFAULT_GOAL := help
.PHONY: help run desk test lint bench pictures vectors fuzz torture mutants reproduce lock clean

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
FORM_SOURCES := $(wildcard form/browser/*.ts form/style/* form/build.mjs) package.json package-lock.json

help: ## say what each target does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/run form/static/manifest.json ## set everything up, make a demo call, serve it on http://127.0.0.1:8000
	@python deploy/demo.py run

desk: .venv/run ## carry what came in to the reviewers' side: export, verify, import, list
	@python deploy/demo.py desk

test: .venv/develop form/static/manifest.json ## set everything up, find or install a browser and PostgreSQL, run every check and every test
	@python tests/prepare.py
	@$(MAKE) --no-print-directory lint
	@python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: .venv/develop node_modules/.package-lock.json ## ruff, mypy strict, tsc strict, import contracts
	ruff check . && ruff format --check . && mypy && lint-imports
	npx --no-install tsc --project form/browser/tsconfig.json && npx --no-install tsc --project tests/form/browser/tsconfig.json

bench: .venv/develop form/static/manifest.json ## measure, each figure against its floor in the same run
	python bench/open.py && python bench/bundle.py && python bench/intake.py && python bench/page.py && python bench/seal_page.py

pictures: .venv/develop form/static/manifest.json ## photograph every page and state of the form into var/pictures/, to be looked at
	@python -m tests.form.pictures

vectors: .venv/develop node_modules/.package-lock.json ## write the test vectors anew, and hold both languages to them
	python -m tests.vectors.generate && node tests/form/browser/run.mjs vectors.test.ts

fuzz: .venv/torture ## ten minutes of hostile input for each reader (with atheris where there is a wheel of it)
	for target in $$(python -m tests.fuzz); do nice -n 19 python -m tests.fuzz $$target --seconds 600 || exit 1; done

torture: .venv/torture form/static/manifest.json ## kills, power cuts, full disks, lost databases, stepped clocks, floods: every promise is kept (hours)
	for script in $$(python -m tests.torture); do nice -n 10 python -m tests.torture.$$script || exit 1; done

mutants: .venv/torture node_modules/.package-lock.json ## change the code of crypto/ a little, again and again: do its tests notice? (hours)
	nice -n 19 python -m tests.mutants $(MODULES)

reproduce: .venv/develop node_modules/.package-lock.json ## build the browser bundle and form.html twice, to the same bytes
	python -m pytest -q tests/form/test_reproducible.py

lock: .venv/develop ## write the locks anew from pyproject.toml (versions and hashes, no addresses)
	$(LOCK) --extra intake --extra reviewer --extra coordinator --group run --group build --output-file locks/run.txt
	$(LOCK) --all-extras --group run --group build --group test --group lint --group lock --constraint locks/run.txt --output-file locks/develop.txt
	$(LOCK) --group torture --constraint locks/develop.txt --output-file locks/torture.txt
	npm install --silent --package-lock-only
	node --eval '$(STRIP_FUNDING)'
# npm writes the addresses of its packages' sponsors into the lock; a lock here names versions and hashes only.
STRIP_FUNDING := const fs = require("fs"), lock = JSON.parse(fs.readFileSync("package-lock.json")); \
	for (const entry of Object.values(lock.packages)) delete entry.funding; \
	fs.writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n")
LOCK := $(BIN)/uv --quiet pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## remove what the other targets made, but not var/
	rm -rf .venv node_modules form/static

.venv/bin/python:
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' || { echo "Saksei needs Python 3.11 or newer with its venv module." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/run: locks/run.txt pyproject.toml | .venv/bin/python
	@echo "Installing what Saksei needs (once, about half a minute) ..."
	@$(PIP) install --require-hashes --requirement locks/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/develop: locks/develop.txt .venv/run
	@echo "Installing what the tests need (once, about half a minute) ..."
	@$(PIP) install --require-hashes --requirement locks/develop.txt
	@touch $@

.venv/torture: locks/torture.txt .venv/develop
	@$(PIP) install --require-hashes --requirement locks/torture.txt
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | .venv/run
	@npm ci --silent
	@touch $@

form/static/manifest.json: $(FORM_SOURCES) node_modules/.package-lock.json
	@node form/build.mjs
