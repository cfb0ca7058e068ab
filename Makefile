# Needs Python 3.11 or newer with its venv module, and make; everything else is installed into .venv.
#   make serve ARGS="--port 8001"     make test ARGS="tests/domain -k pledge"     make PYTHON=python3.13 serve

PYTHON ?= python3
ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python -m
# Wheels only: no compiler is needed, and installing runs no code of a package.
INSTALL = $(RUN) pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --requirement

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv serve demo migrate test check docs format bench bench-full pins

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

venv: $(VENV)/.stamp-dev ## make .venv with everything that development needs

serve: $(VENV)/.stamp-serve ## start the service with its worker and an embedded PostgreSQL on http://127.0.0.1:8000
	@$(RUN) app.cli serve $(ARGS)

migrate: $(VENV)/.stamp-serve ## bring the database named by IPOPS_DATABASE_URL to the newest schema
	@$(RUN) app.cli migrate $(ARGS)

test: $(VENV)/.stamp-dev ## run the tests on a real PostgreSQL
	@$(RUN) pytest $(ARGS)

check: $(VENV)/.stamp-dev ## check format, lint, types, layers and dependencies
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(RUN) mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/deptry .

docs: $(VENV)/.stamp-dev ## write the generated documents anew
	@$(RUN) scripts.generate

format: $(VENV)/.stamp-dev ## format the code and mend what the linter can mend
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

demo: $(VENV)/.stamp-serve ## tell 2018 to 2022 to a sandbox of its own, and print both plans' scoreboards
	@$(RUN) app.cli demo $(ARGS)

bench: $(VENV)/.stamp-dev ## measure the hot paths, about five minutes
	@$(RUN) benchmarks $(ARGS)

bench-full: $(VENV)/.stamp-dev ## measure them at the volume of the whole country
	@$(RUN) benchmarks --full $(ARGS)

# Versions already pinned stay as they are: make pins ARGS=--upgrade moves them.
COMPILE = "$$tools/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --extra embedded $(ARGS)
pins: ## write requirements/*.txt anew from pyproject.toml
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; \
	"$$tools/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'; \
	$(COMPILE) --output-file requirements/serve.txt; \
	$(COMPILE) --group dev --constraint requirements/serve.txt --output-file requirements/dev.txt

$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(RUN) pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
		|| { echo 'The venv module is missing: on Debian and Ubuntu, apt install python3-venv' >&2; exit 1; }
	@touch $@

$(VENV)/.stamp-serve: requirements/serve.txt $(VENV)/.stamp-venv
	@echo 'Installing the pinned packages into $(VENV) ...' >&2
	@$(INSTALL) requirements/serve.txt
	@touch $@

# The pins of dev.txt include those of serve.txt.
$(VENV)/.stamp-dev: requirements/dev.txt requirements/serve.txt $(VENV)/.stamp-venv
	@echo 'Installing the pinned packages for development into $(VENV) ...'
	@$(INSTALL) requirements/dev.txt
	@touch $(VENV)/.stamp-serve $@
