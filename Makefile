# Every target installs what it needs by itself; `make help` lists them.
PYTHON ?= python3.11
BIN := .venv/bin
ARGS ?=
TRANSCRIPT ?= $(if $(CIVICRM_CONTRACT_URL),civicrm,sandbox)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup services demo test lint full bench contract run

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: .venv/installed ## install everything into .venv

.venv/installed: requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: apt-get install python3.11 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y python3-venv; } || \
		{ echo "The venv module is missing: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

services: ## install what the tests start besides: Chromium, PostgreSQL, Redis
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium fonts-noto-core"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	test -z "$$missing" || \
		{ test "$$(id -u)" = 0 && apt-get update -q && \
			DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; } || \
		{ echo "Missing: sudo apt-get install$$missing"; exit 1; }

demo: setup ## tell the story of a roster on stand-ins (ARGS=--once ends by itself)
	$(BIN)/python -m sandbox $(ARGS)

test: setup services ## every test, offline once everything is installed
	$(BIN)/python -m pytest $(ARGS)

lint: setup ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

full: lint test contract bench ## everything, with a fresh transcript and the benchmark

contract: setup ## write the transcript; CIVICRM_CONTRACT_URL and _KEY (and _RUNTIME_KEY, _STAFF) name a real CiviCRM
	$(BIN)/python -m pytest tests/contract -q -n 0 --transcript tests/contract/transcripts/$(TRANSCRIPT).md

bench: setup ## what a sync, gifts, an alert and webhooks cost, on the sandbox (limits that may fail) or a real CiviCRM
	$(BIN)/python -m bench $(ARGS)

run: setup ## serve the web service on 127.0.0.1:8000 with the settings of .env
	set -a; [ ! -f .env ] || . ./.env; set +a; $(BIN)/flask --app wsgi run --port 8000
