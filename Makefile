# Everything a person or a machine does here. Needs Python 3.11 or newer, make and a package registry.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := $(VENV)/.bench
# Written last when the files that the pages load from packages are installed.
ASSETS := server/strategigraf/web/static/vendor/LICENSES.txt

.PHONY: serve assets test test-long bench bench-scale check fmt validate build lock clean

serve: $(READY)  ## set everything up, build the graph, serve it on http://127.0.0.1:8000
	@$(MAKE) --no-print-directory assets || echo "Serving without style and SPARQL editor: the pages are plain." >&2
	$(BIN)/strategigraf build
	$(BIN)/strategigraf serve

assets: $(ASSETS)  ## what the pages load from packages, such as the SPARQL editor

test: $(READY) $(ASSETS)  ## set everything up, run every test; the skipped ones are named at the end
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/strategigraf fmt --check
	$(BIN)/strategigraf validate
	$(BIN)/pytest -m "not long" --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-long: $(READY) $(ASSETS)  ## the slow tests too
	$(BIN)/pytest

bench: $(BENCH)  ## our service against others, into docs/performance.md; needs wrk, about five minutes, a quiet machine
	$(BIN)/strategigraf build
	$(BIN)/python -m benchmarks.compare --write

bench-scale: $(BENCH)  ## curves up to ten million triples, into docs/; a run that was stopped goes on where it was
	$(BIN)/strategigraf build
	$(BIN)/python -m benchmarks.scale --write

check: $(READY)  ## the facts only
	$(BIN)/strategigraf fmt --check
	$(BIN)/strategigraf validate

fmt: $(READY)  ## Turtle and Python in canonical form
	$(BIN)/strategigraf fmt
	$(BIN)/ruff format .

build: $(READY)  ## a release in build/
	$(BIN)/strategigraf build

COMPILE := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header

lock: $(READY)  ## write the lock files anew from pyproject.toml: what is needed here, for serving, for benchmarks
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	$(COMPILE) --output-file requirements-serve.lock pyproject.toml
	$(COMPILE) --extra bench --output-file requirements-bench.lock pyproject.toml

clean:  ## remove the environment and everything built
	rm -rf $(VENV) build dist $(dir $(ASSETS))

# The lock file is installed first, with hashes; the project itself then brings nothing more.
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The servers that ours is measured against; nobody else needs them.
$(BENCH): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

# The interpreter of the environment makes them, but a newer environment is no reason to make them again.
$(ASSETS): server/assets/package.json server/assets/package-lock.json server/assets/install.py | $(READY)
	$(BIN)/python server/assets/install.py
