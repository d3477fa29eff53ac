# make demo: an offline world judged and reported. make test: everything that must hold.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Twice as many as there are processors: half of the time tests wait for servers.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 2)

# The tests start pytest some hundred times: where compiled files may not be kept, each start takes 8 s instead of 3.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: fuzz help demo test lint unit steady docs site translations bench lab detection container-test bare clean

help:
	@echo "make demo   install into $(VENV), judge the offline demo world, write reports/demo.html"
	@echo "make test   install what the tests need, then run ruff, mypy and all tests"
	@echo "make steady run the demo beside processes that burn all cores: its verdicts must be those of a quiet machine"
	@echo "make site   build the documentation as a site in build/site, with a page for each control"
	@echo "make docs   write the generated pages of docs/ and the JSON Schemas anew"
	@echo "make translations  bring the catalogues of languages up to the texts of today (docs/translating.md)"
	@echo "make bench  measure mailproof and its peers, write docs/performance.md (root; half an hour; QUICK=1: minutes)"
	@echo "make fuzz   a million hostile inputs for the parsers (15 minutes on two cores)"
	@echo "make lab    start the laboratory of real servers and open a shell in it (root, Debian packages)"
	@echo "make detection  run over the laboratory and write docs/detection anew"
	@echo "make container-test  make the image of Containerfile by chroot, and try it (root, debootstrap; minutes)"
	@echo "make bare   follow the README in bare Debian 12 and 13 (root, debootstrap; minutes)"
	@echo "make clean  remove $(VENV) and caches"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mailproof needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/installed: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/tested: pyproject.toml $(BIN)/python $(VENV)/plugins $(VENV)/spf-suite.yml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/installed

# Plugins of pytest that users have: on nobody's path, but of the test that installs them beside ours.
$(VENV)/plugins: tests/offline/plugins.txt $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $@ --requirement tests/offline/plugins.txt
	@touch $@

# The public test suite of RFC 7208, which is not ours to ship: pyspf's source package has it.
$(VENV)/spf-suite.yml: $(BIN)/python
	$(BIN)/python -m pip download --quiet --no-deps --no-binary :all: --dest $(VENV)/pyspf pyspf==2.0.14
	tar -xzOf $(VENV)/pyspf/pyspf-2.0.14.tar.gz pyspf-2.0.14/test/rfc7208-tests.yml > $@.part
	mv $@.part $@

# The findings are the point of the demo: pytest's exit code 1 is its success.
demo: $(VENV)/installed
	@$(BIN)/python -m pytest --inventory inventories/demo.yaml; status=$$?; \
	if [ $$status -ne 1 ]; then echo "the demo should end with findings (1), but pytest ended with $$status"; exit 1; fi
	@echo; echo "open reports/demo.html in a browser; every verdict with its proof is in reports/demo.json"

test: lint unit

lint: $(VENV)/tested
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

unit: $(VENV)/tested
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -rs

steady: $(VENV)/tested
	$(BIN)/python -m pytest tests/offline/steady.py

docs: $(VENV)/tested
	$(BIN)/python -m mailproof.inventory.schema inventories/inventory.schema.json
	$(BIN)/python -m mailproof.report.schema docs/result.schema.json
	$(BIN)/python -m tests.examples src/mailproof/report/examples.json
	$(BIN)/python -m mailproof.reference controls docs/controls
	$(BIN)/python -m mailproof.reference coverage docs/coverage.md
	$(BIN)/python -m mailproof.reference inventory docs/inventory.md
	$(BIN)/python -m mailproof.reference manual docs/mailproof.1

site: $(VENV)/tested
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m tests.site build/site-sources
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

translations: $(VENV)/tested
	$(BIN)/python -m tests.translations

bench: $(VENV)/tested
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

fuzz: $(VENV)/tested
	$(BIN)/python -m tests.fuzz

lab: $(VENV)/tested
	$(BIN)/python -m tests.real.lab --prepare
	$(BIN)/python -m tests.real.lab

detection: $(VENV)/tested
	$(BIN)/python -m tests.real.lab --prepare
	$(BIN)/python -m tests.real.detection

container-test: $(VENV)/tested
	$(BIN)/python -m tests.real.container

bare: $(VENV)/tested
	$(BIN)/python -m tests.bare

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
