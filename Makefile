# Huiliu: everything starts here. `make` alone lists the targets. Works from any folder: make -C <here> run
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install run minio test fuzz bench lint down clean

ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
PYTHON ?= python3.11
VENV := $(ROOT).venv
BIN := $(VENV)/bin
HUILIU_HOME ?= $(ROOT)var
export HUILIU_HOME
# The interpreter is the one of the environment; uv must not fetch or choose another.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_LINK_MODE := copy
unexport VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' "$(ROOT)Makefile"

install: $(VENV)/.synced ## make the locked environment in .venv

$(VENV)/.synced: $(ROOT)uv.lock $(ROOT)pyproject.toml $(ROOT)verify/pyproject.toml
	@command -v "$(PYTHON)" >/dev/null && "$(PYTHON)" -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Python: $(PYTHON) with venv is needed. Fix: sudo apt-get install python3.11 python3.11-venv" >&2; exit 1; }
	cd "$(ROOT)"
	test -x "$(BIN)/python" || "$(PYTHON)" -m venv "$(VENV)"
	uv=$$(sed -n 's/^ *"\(uv==[0-9.]*\)",*$$/\1/p' pyproject.toml)
	test "$$("$(BIN)/uv" --version 2>/dev/null | cut -d' ' -f2)" = "$${uv#uv==}" || "$(BIN)/python" -m pip install --quiet "$$uv"
	"$(BIN)/uv" sync --frozen --quiet --compile-bytecode
	touch "$@"

.ONESHELL:

minio: install ## build the object store server once, where none is on the PATH
	@cd "$(ROOT)"
	"$(BIN)/python" -c "from infra.local import minio; minio.check()" 2>/dev/null || "$(BIN)/uv" sync --frozen --quiet --inexact --group go
	"$(BIN)/python" -c "from infra.local import minio; minio.ensure_server(print)"

run: install $(if $(filter minio,$(STORE)),minio) ## start the services, run the next three business days of the sample city, show where to look (STORE=minio: on MinIO)
	@if [[ -n "$(STORE)" ]]; then export HUILIU_STORE="$(STORE)"; fi
	"$(BIN)/huiliu" run || { code=$$?; [[ $$code == 3 ]] || exit $$code; }
	if [[ "$${code:-0}" == 3 ]]; then echo "The gaps are meant: some sources of the sample city fail by design. All days are published."; fi

test: install $(if $(ARGS),,minio) ## run all tiers on real components, in two processes (ARGS="-m fast" for some)
	@cd "$(ROOT)"
	exec "$(BIN)/python" -m pytest $(or $(ARGS),--numprocesses 2 --dist loadgroup --no-loadscope-reorder)

fuzz: install ## try COUNT changed deliveries (50000) on the readers, in two processes (FUZZ="--seed 2", "--replay NUMBER")
	@cd "$(ROOT)"
	exec "$(BIN)/python" -m tests.fuzz --count "$(or $(COUNT),50000)" --processes 2 $(FUZZ)

bench: install ## run all benchmarks and write what they found to benchmarks/results.md (BENCH="--quick", "--only gate,upsert")
	@cd "$(ROOT)"
	exec "$(BIN)/python" -m benchmarks $(BENCH)

lint: install ## style, types and SQL
	@cd "$(ROOT)"
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/sqlfluff" lint --processes 2 dbt_project

down: ## stop the services; no process is left behind
	@if [[ -x "$(BIN)/huiliu" ]]; then "$(BIN)/huiliu" down; fi

clean: down ## remove the instance (HUILIU_HOME); the environment stays
	@if [[ -f "$(HUILIU_HOME)/instance.json" ]]; then rm -rf "$(HUILIU_HOME)"; echo "removed $(HUILIU_HOME)"; fi
