# `make` alone lists the targets. Everything is installed into .venv, from a lock file, and nowhere else.
# Another Python than the first one found: make PYTHON=/path/to/python3.12 …

.DEFAULT_GOAL := help
.PHONY: help demo play test contract check screenshots bench format lock clean
SHELL := /bin/sh
BIN := .venv/bin
PYTHON ?=
UV ?= uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header pyproject.toml

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r name what; do printf '  make %-9s%s\n' "$$name" "$$what"; done

demo: .venv/.for-use ## play a whole lesson on stand-ins, without any account; SERVICE=videsk, agora or loop elsewhere
	@$(BIN)/hallpass demo $(if $(SERVICE),--service $(SERVICE))

play: .venv/.for-use ## open the whole school in a browser, without any account; PORT=N for another port
	@$(BIN)/hallpass play $(if $(PORT),--port $(PORT))

test: .venv/.for-work ## run the tests (ARGS="-k links -x" for pytest)
	@$(BIN)/pytest -n 4 $(ARGS)

contract: .venv/.for-work ## hold every room service to its promises, one table
	@$(BIN)/pytest $(wildcard tests/bot/rooms/test_contract*.py tests/acceptance/test_every_service.py) $(ARGS)

check: .venv/.for-work ## lint, format, types, floors
	@echo "ruff check" && $(BIN)/ruff check .
	@echo "ruff format --check" && $(BIN)/ruff format --check .
	@echo "mypy" && $(BIN)/mypy
	@echo "lint-imports" && $(BIN)/lint-imports --no-logo

screenshots: .venv/.for-work ## take pictures of the school and the join page anew (needs Chromium)
	@$(BIN)/python -m tests.browser.camera

bench: .venv/.for-work ## measure the speed goals, one table
	@$(BIN)/python -m tests.bench $(ARGS)

format: .venv/.for-work ## mend what lint and format can mend by themselves
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: ## write both lock files anew from pyproject.toml (needs uv; UPGRADE=--upgrade for newer versions)
	@command -v $(UV) >/dev/null 2>&1 || { echo "make lock needs uv: install it, or name it with UV=/path/to/uv." >&2; exit 1; }
	@$(LOCK) $(UPGRADE) --extra build --output-file requirements.lock
	@$(LOCK) $(UPGRADE) --extra build --extra dev --constraint requirements.lock --output-file .ci/requirements.lock
	@if grep -nE '://|^-|^/| @ ' requirements.lock .ci/requirements.lock; then \
		echo "A lock file names a host or a path: see above." >&2; exit 1; fi

clean: ## remove what make made
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.for-use: requirements.lock pyproject.toml .ci/setup .ci/venv.py
	@.ci/setup requirements.lock $@ $(PYTHON)

.venv/.for-work: .ci/requirements.lock pyproject.toml .ci/setup .ci/venv.py
	@.ci/setup .ci/requirements.lock $@ $(PYTHON)
	@touch .venv/.for-use  # what work needs holds what use needs
