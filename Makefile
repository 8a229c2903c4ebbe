# seewhy: `make report` builds the pages, `make test` proves them. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
STUDY ?=
# two processes, whose waiting threads leave the cores to the other
PYTEST := OMP_WAIT_POLICY=PASSIVE python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
UV := uv==0.13.9
# each file is held against the hashes in the lock
INSTALL := VIRTUAL_ENV=$(CURDIR)/.venv uv pip install --quiet --compile-bytecode --constraint requirements.lock

.PHONY: help report test reproduce bench trust sweep check lab clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

report: .venv/.installed  ## build the pages (one study: make report STUDY=photos-lite0)
	@python -m seewhy report $(STUDY)

test: .venv/.tested check  ## everything: lint, types, unit, pipeline, and the notebooks' outputs compared (nbval)
	@python -m seewhy report photos-lite0
	@$(PYTEST)
	@SEEWHY_PROGRESS=off $(PYTEST) --nbval --nbval-sanitize-with tests/nbval.cfg -p no:cacheprovider data/pages/photos-lite0

reproduce: .venv/.installed  ## build everything twice from nothing, in two clones, and print what differs
	@python tests/reproduce.py $(STUDY)

bench: .venv/.tested  ## time and memory beside the peer libraries, into benchmarks/results.json
	@python -m seewhy report photos-lite0
	@TQDM_DISABLE=1 python benchmarks/run.py

trust: .venv/.tested  ## our own error rates: small networks whose shortcuts are known, into benchmarks/trust.json and docs/trust.md
	@OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1 PYTHONPATH=benchmarks python -m trust

sweep: .venv/.tested  ## try `explain` on the networks of torchvision and timm, one of each family
	@python tests/sweep.py

check: .venv/.tested  ## lint code and notebooks, check types
	@ruff check --quiet . && ruff check --quiet --select F821 notebooks && ruff format --check --quiet . && mypy --no-error-summary

lab: .venv/.installed  ## open the notebooks in JupyterLab
	@jupyter lab notebooks

clean:  ## remove what was built, keep the environment and what was fetched
	rm -rf data/datasets data/code data/settings data/predictions data/attributions data/measurements data/pages
	rm -rf reports/*.html reports/*/*.html reports/*/*.csv

.venv/.installed: pyproject.toml requirements.lock
	@command -v git >/dev/null || { echo "seewhy needs git: install it first"; exit 1; }
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "seewhy needs python >= 3.11 with venv; set PYTHON=... (found: $$($(PYTHON) --version 2>&1))"; exit 1; }
	@test -d .venv/lib || test $$(df -Pk . | awk 'NR == 2 {print int($$4 / 1048576)}') -ge 9 || { echo "seewhy needs some 9 GB of disk here (found: $$(df -Ph . | awk 'NR == 2 {print $$4}'))"; exit 1; }
	@echo "installing into .venv (about 7 GB, once; a few minutes) ..."
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@python -m pip install --quiet $(UV)
	@$(INSTALL) --editable .
	@touch $@

.venv/.tested: .venv/.installed
	@echo "installing what the tests need ..."
	@$(INSTALL) --editable '.[test]'
	@$(INSTALL) --no-deps quantus  # it asks for an OpenCV that needs a display
	@touch $@
