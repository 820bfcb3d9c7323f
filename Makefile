# The project's commands. `make` alone lists them.
# From a fresh clone, each makes what it needs first: .venv for Python, .rlib for the R package, node_modules for
# the linters of JavaScript. Stamps remember what is done.

.DEFAULT_GOAL := help
# The suites share two cores and the same folders.
.NOTPARALLEL:

PYTHON ?= python3
export PYTHON
# Rscript and rpy2 look for the R package here first.
export R_LIBS := $(CURDIR)/.rlib$(if $(R_LIBS),:$(R_LIBS))

BIN := .venv/bin
INSTALLED := .venv/.installed
VENV := build/.kernel
RLIB := .rlib/.installed
NODE_MODULES := node_modules/.installed
SYSTEM_TEST := build/.system-test

# Folders are named beside their files, so that a file taken away counts as a change too.
R_SOURCES := DESCRIPTION NAMESPACE configure r data inst/js kernel/kernel.c kernel/r_init.c $(shell find r data inst -type f 2>/dev/null)

.PHONY: help setup crosscheck test lint lint-version lint-py lint-r lint-js format test-python test-py test-r test-js test-cross test-browser fuzz play site \
	bench bench-quick r-check docs cases clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(SYSTEM_TEST) $(VENV) $(RLIB) $(NODE_MODULES) ## Install all that the other commands need

crosscheck: $(VENV) $(RLIB) ## Train the same network in every language and compare the numbers
	@$(BIN)/twinprop crosscheck --require python,r,rscript,js,torch $(ARGS)

play: $(VENV) ## Open the page: watch the errors flow back, step by step
	@$(BIN)/twinprop play $(ARGS)

SITE ?= build/site

site: ## Build the page as a static site for any web host, in build/site
	@mkdir -p $(SITE)/js $(SITE)/data
	@cp -R inst/js/. $(SITE)/js
	@cp data/*.csv $(SITE)/data
	@echo '<!doctype html><title>twinprop</title><meta http-equiv="refresh" content="0; url=js/sketch/index.html">' >$(SITE)/index.html
	@echo "The page is in $(SITE): any web host can serve it." >&2

# No engine may be skipped here.
test test-python test-r test-js test-cross test-browser fuzz: export TWINPROP_REQUIRE := python,r,rscript,js,torch
# All that these pages of docs/ show; docs/accuracy.md would take too long.
test test-cross: export TWINPROP_PAGES := rules,minima
test: $(SYSTEM_TEST) lint test-python test-r test-js test-browser test-cross ## Lint, then run all suites

lint: lint-version lint-py lint-r lint-js ## Lint Python, R and JavaScript

lint-version:
	@tools/lint_version.sh

lint-py: $(VENV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lint-r: $(SYSTEM_TEST)
	Rscript tools/lint.R

lint-js: $(NODE_MODULES)
	npx eslint .
	npx prettier --check .

format: $(VENV) $(NODE_MODULES) ## Format Python and JavaScript
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	npx prettier --write .

test-python: $(VENV) $(RLIB) ## The oracle and Python, with the examples in its documentation
	$(BIN)/pytest python/twinprop tests/oracle tests/python $(ARGS)

test-r: $(SYSTEM_TEST) $(RLIB) ## R's suite
	NOT_CRAN=true Rscript -e 'testthat::test_dir("tests/testthat", package = "twinprop", load_package = "installed", stop_on_warning = TRUE)'

test-js: $(VENV) ## JavaScript's suite
	node --test tests/js/*.test.js

test-cross: $(VENV) $(RLIB) ## The languages against each other and against torch
	$(BIN)/pytest tests/cross tests/fuzz $(ARGS)

fuzz: $(VENV) $(RLIB) ## Look for plans on which the languages differ, for an hour or ARGS=MINUTES
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

test-browser: $(SYSTEM_TEST) $(VENV) $(NODE_MODULES) ## The page in a browser; its pictures go to build/page
	node --test tests/browser/*.test.js

bench: $(VENV) $(RLIB) ## Time twinprop and every peer that is installed; writes bench/README.md unless ARGS are given
	$(BIN)/python bench/run.py $(or $(ARGS),--json bench/results.json --markdown bench/README.md)

bench-quick: $(VENV) $(RLIB) ## The same with smaller plans and fewer rounds; only prints
	$(BIN)/python bench/run.py --size quick $(ARGS)

r-check: $(SYSTEM_TEST) ## R CMD check of what is committed
	@tools/r_check.sh

docs: $(SYSTEM_TEST) ## Write NAMESPACE and man/ from the comments in r/
	./cleanup
	./configure
	Rscript -e 'roxygen2::roxygenise()'

cases: $(VENV) ## Write tests/cases/ anew with the oracle
	$(BIN)/python tests/oracle/make_cases.py

clean: ## Remove all that these commands made
	rm -rf .venv .rlib node_modules build dist src python/twinprop/_kernel.* .pytest_cache .mypy_cache .ruff_cache .hypothesis *.Rcheck twinprop_*.tar.gz
	if [ -L R ]; then rm R; fi

# The package is installed as it lies here; only its kernel is made anew when that changes.
$(VENV): $(INSTALLED) kernel/kernel.c kernel/compile_kernel.py
	@$(BIN)/python kernel/compile_kernel.py python/twinprop
	@mkdir -p $(@D)
	@touch $@

$(INSTALLED): pyproject.toml hatch_build.py tools/python.sh tools/system.sh $(wildcard tools/constraints*.txt)
	@tools/system.sh run
	@tools/python.sh
	@touch $@

# Installed as it lies here; R/ is the link that configure makes.
$(RLIB): $(R_SOURCES) | $(VENV)
	@mkdir -p .rlib
	@echo "Installing the R package into .rlib." >&2
	@R CMD INSTALL --library=.rlib . >.rlib/install.log 2>&1 || { cat .rlib/install.log >&2; exit 1; }
	@touch $@

# Made before .venv, since .venv asks the system for Python.
$(SYSTEM_TEST): tools/system.sh
	@tools/system.sh test
	@mkdir -p $(@D)
	@touch $@

$(NODE_MODULES): package.json $(wildcard package-lock.json) | $(SYSTEM_TEST)
	npm ci --no-audit --no-fund
	@touch $@
