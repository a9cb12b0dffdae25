# Everything runs in .venv, made on first use from constraints.txt; later calls are quick.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
TESTING := .venv/.testing
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
  --constraint constraints.txt

# What is installed is compiled at first use, and kept: all of it takes a minute, and each process anew
# would take longer than the tests do.
unexport PYTHONDONTWRITEBYTECODE

# Processes that test at once: one more than there are cores, as tests wait at times; at most four.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n > 3 ? 4 : n + 1)))

.PHONY: screen test types pytest soak coverage fuzz docs clean

## Screen the example molecules with the shipped model; show the top hits.
screen: $(READY)
	$(BIN)/bioassay-mtl screen datasets/example_molecules.smi -o hits.csv --overwrite --show 10 \
	  --confidence --domain --annotate --report hits.html

## Lint and format, then types and tests side by side.
test: $(TESTING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j 2 types pytest

types: $(TESTING)
	$(BIN)/mypy

pytest: $(TESTING)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist worksteal

## Longer tests of what the tests look at: memory, kills, resumed runs, every exported network.
soak: $(TESTING)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist worksteal -m soak

## Share of the package's lines and branches that the tests reach, least first; slower than test.
coverage: $(TESTING)
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -n 2 -m "soak or not soak"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

## Property tests on other random examples for MINUTES (10); stops at the first failure.
MINUTES ?= 10
fuzz: $(TESTING)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --minutes $(MINUTES)

## The site, in docs/_build/html; a warning or a broken link within it is an error. Python 3.11 or newer.
docs: .venv/.docs
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

.venv/.docs: $(TESTING)
	$(INSTALL) --editable '.[docs]'
	@touch $@

# All that tests look at, beside what screening and training take.
$(TESTING): $(READY)
	$(INSTALL) --editable '.[compiled,compress,deepchem,excel,graphs,onnx,plots,ray,serve,tensorboard,test,torchjd,trees,tune]'
	@touch $@

$(READY): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 10) and f"Python 3.10 or newer is needed, found {v[0]}.{v[1]}: make PYTHON=/path/to/python3.11")'
	@echo "Making .venv (a minute or two, once) ..."
	$(PYTHON) -m venv --clear .venv
	$(INSTALL) --editable '.[compiled,excel,plots,trees]'
	@touch $@

clean:
	rm -rf .venv build docs/_build *.egg-info hits.csv hits.html .coverage*
