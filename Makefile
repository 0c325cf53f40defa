# Each target does its own set-up; `make check` runs what CI runs beside the tests.
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
STAMP := $(VENV)/.installed

.PHONY: install tools oracle demo test coverage mutants check bench soak pictures lock format site clean

install: $(STAMP)

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@echo "Installing the locked dependencies into $(VENV)"
ifdef UV
	@$(UV) venv --quiet --allow-existing $(VENV)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	@python3 -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@

demo: install
	@$(BIN)/fairlead demo --once

# The renderers and the validator at their pinned versions; built once, where Go is at hand.
tools: install
	@$(BIN)/python -m tests.tools

# Tables that are generated from upstream's code; needs Go and a module proxy.
oracle: install
	@$(BIN)/python -m tests.oracle

# Tests fill disks and kill processes: a module that is compiled meanwhile would be cut off.
test: export PYTHONDONTWRITEBYTECODE = 1
test: install tools
	@$(BIN)/python -m pytest -n auto --dist worksteal $(if $(CI),--cov --cov-report=)

# What the tests of a CI run covered of what decides; fails below the floor in pyproject.toml.
coverage:
	@$(BIN)/coverage report --skip-covered --sort=cover

# Changes the engine and RBAC a little, many times, and says which changes no test notices. Takes
# hours; such as: make mutants MUTANTS="bot.core.engine.decide*". See docs/mutation.md.
MUTANTS ?= *
mutants: tools
	@python3 -m venv build/mutants-environment
	@build/mutants-environment/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock -r requirements-mutants.lock
	@build/mutants-environment/bin/mutmut run --max-children 1 "$(MUTANTS)"
	@build/mutants-environment/bin/mutmut results

check: install
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/fairlead docs --check
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/zizmor --quiet --offline --no-progress .github/workflows

bench: install tools
	@$(BIN)/python -m tests.bench

# Such as: make soak SOAK="--pull-requests 60 --repositories 6 --seed 7"
soak: install
	@$(BIN)/python -m tests.soak $(SOAK)

# The pictures of README.md and docs/pages.md; with PICTURES="--all DIR" also every page, to look at.
# Needs Chromium and a font with emoji, such as Debian's fonts-noto-color-emoji.
pictures: install
	@$(BIN)/python -m tests.browser.pictures $(PICTURES)

format: install
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

# The documentation as a site in build/site; every warning, such as a dead link, is an error.
site:
	@python3 -m venv build/site-environment
	@build/site-environment/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@NO_MKDOCS_2_WARNING=1 build/site-environment/bin/mkdocs build --quiet --strict

# requirements-dev.lock also has the pins of requirements.lock and the extras, so one install is enough.
lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header -c requirements.lock pyproject.toml --group dev --extra demo --extra otel -o requirements-dev.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header -c requirements-dev.lock --group build -o requirements-build.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header --group docs -o requirements-docs.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header -c requirements-dev.lock --group mutants -o requirements-mutants.lock

clean:
	@rm -rf $(VENV) build dist
