# `make run` and `make test` do all of their own set-up; Python 3.11 or later with pip is all they need.
# ARGS goes to the program: make run ARGS="--help", make test ARGS="tests/config".

.PHONY: help setup run test check bench clean
BIN := .venv/bin

help:
	@echo 'make run     set up if needed and start Sidelines in this terminal'
	@echo 'make setup   set up and start nothing'
	@echo 'make test    set up if needed and run all tests'
	@echo 'make check   lint, format and types'
	@echo 'make bench   the figures of the README, measured here'
	@echo 'make clean   remove what set-up made; your articles and settings stay'

setup: .venv/.stamp

run: .venv/.stamp
	@$(BIN)/sidelines run $(ARGS)

test: .venv/.stamp
	@$(BIN)/pytest $(or $(ARGS),-n auto)

check: .venv/.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: .venv/.stamp
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --quiet --frozen --inexact --group benchmarks --python $(BIN)/python
	@for figure in startup questions due claims million slack_burst discord_burst autocomplete polling; do echo "== benchmarks/$$figure.py"; $(BIN)/python -m benchmarks.$$figure || exit 1; done

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find bot briefings config tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Standard output and input belong to the program, so set-up speaks on standard error and reads nothing.
.venv/.stamp: pyproject.toml uv.lock .ci/setup
	@{ echo 'Setting up in .venv; this happens once and takes a minute.'; .ci/setup && touch $@; } >&2 </dev/null
