# `make serve` and `make test` set up everything they need in .venv; nothing is installed elsewhere.
PYTHON ?= python3
CONFIG ?= config.example.yaml
BIN := .venv/bin

.PHONY: serve demo test fast lint format catalogues pictures schema bench bench-scale soak binary lock audit clean

serve: .venv/ready
	$(BIN)/kener-py serve --config $(CONFIG)

test: lint .venv/browser-tools
	$(BIN)/pytest -m "not real" -n auto --hypothesis-profile=thorough
	$(BIN)/pytest -m real --hypothesis-profile=thorough

# What is run after each edit.
fast: .venv/ready-for-tests
	$(BIN)/pytest -m "not real and not long" -n auto --hypothesis-profile=quick

# The status page in all its states, with a made-up year, on port 3000.
demo: .venv/ready
	$(BIN)/kener-py demo

lint: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/ready-for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("kener-py needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/ready-for-tests: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ .venv/ready

# What drives and judges the pages in a browser, and other clients that run on Node; without npm those tests are skipped.
.venv/browser-tools: .venv/bin/python tests/browser/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/browser --ignore-scripts --no-progress && touch $@; \
	else echo "no npm: the tests in a browser and with other clients on Node will be skipped"; fi

# Brings the catalogues of the page's languages up to date with its texts.
catalogues: .venv/ready-for-tests
	$(BIN)/python tests/catalogues.py

# What benchmarks/README.md tells, measured anew: tables on stdout, progress on stderr. They want wrk, and a quiet machine.
BENCH := PYTHONPATH=. $(BIN)/python -m benchmarks
bench: .venv/ready
	@$(BENCH) http $(ARGS)

bench-scale: .venv/ready
	@$(BENCH) scale $(ARGS)

# Ten minutes of full load: is memory flat? `make soak ARGS='--minutes 60'`
soak: .venv/ready
	@$(BENCH) soak $(ARGS)

# What editors know of the configuration, after a change to its fields.
schema: .venv/ready
	$(BIN)/kener-py schema > packaging/kener-py.schema.json

# Makes the pictures of links to pages again, after a change of the palette or the symbols.
pictures: .venv/ready-for-tests .venv/browser-tools
	$(BIN)/python tests/pictures.py

# The versions that the container is built of, with their hashes: after a change of dependencies, and with
# ARGS=--upgrade to take newer ones over. Nothing in them says where packages come from.
LOCK = .venv/locks/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)
lock: .venv/locks/ready
	$(LOCK) pyproject.toml --output-file packaging/requirements.lock
	echo hatchling | $(LOCK) - --output-file packaging/build.lock

# Known vulnerabilities of what is locked: asks a service on the internet. Strict: what it could not be asked about is a failure.
audit: .venv/locks/ready
	.venv/locks/bin/pip-audit --strict --disable-pip --require-hashes --requirement packaging/requirements.lock \
		|| { echo "audit: vulnerable, or not asked about: see above" >&2; exit 1; }

.venv/locks/ready: .venv/bin/python
	$(PYTHON) -m venv .venv/locks
	.venv/locks/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1' 'pip-audit>=2.9,<3'
	@touch $@

# One executable that needs no Python, and its checksum: see docs/binary.md. The same sources, versions and Python
# give the same bytes; the date is one that every archive can hold.
binary: dist/kener-py

dist/kener-py: build/binary/ready packaging/kener-py.spec packaging/binary/kener-py.py \
		$(shell find kener_py templates static -type f -not -name '*.pyc')
	PYTHONPATH=. SOURCE_DATE_EPOCH=315532800 PYTHONHASHSEED=1 PYINSTALLER_CONFIG_DIR=build/binary/cache \
		build/binary-venv/bin/pyinstaller --noconfirm --clean --log-level ERROR --distpath build/binary/made --workpath build/binary/work packaging/kener-py.spec
	@mkdir -p dist
	cd build/binary/made && sha256sum kener-py > ../../../dist/kener-py.sha256
	mv build/binary/made/kener-py $@

# Nothing but what it runs with: whatever is installed there could end up inside.
build/binary/ready: packaging/requirements.lock packaging/binary/requirements.txt
	rm -rf build/binary-venv
	$(PYTHON) -m venv build/binary-venv
	build/binary-venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r packaging/requirements.lock
	build/binary-venv/bin/pip install --quiet --disable-pip-version-check -r packaging/binary/requirements.txt
	@mkdir -p build/binary && touch $@

clean:
	rm -rf .venv build dist tests/browser/node_modules
