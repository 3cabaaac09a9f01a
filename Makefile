# Each target does its own set-up in a virtual environment of this folder and needs only Python 3.11-3.13 and make.
#   PYTHON=...       the Python to make environments with (found when not given)
#   TORCH_INDEX=...  one more package index for torch; PyPI's torch for Linux is the large CUDA build, so where that index
#                    can be reached, TORCH_INDEX=https://download.pytorch.org/whl/cpu saves gigabytes
#   PHOTO=...        the picture, folder or video of `make photo`
#   ARGS=...         further arguments for pytest or the demo
SHELL := /bin/bash
PYTHON ?=
TORCH_INDEX ?=
PHOTO ?=
ARGS ?=
export TORCH_INDEX

CORE := .venv-core
PHOTO_VENV := .venv-photo
DEV := .venv-dev
DEV_BIN := $(DEV)/bin
SOURCES := $(shell find src -type f -not -name '*.pyc')
PACKAGING := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo photo photo-mediapipe photo-named test test-quick check format clean

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(CORE)/.installed  ## the main job: people in metres from the packaged scene (core install, no torch)
	$(CORE)/bin/metricpose demo --next-command "make photo PHOTO=your.jpg" $(ARGS)

photo: photo-named $(CORE)/.installed  ## people in metres from your own picture: make photo PHOTO=your.jpg
	$(CORE)/bin/metricpose estimate "$(PHOTO)" -o out $(ARGS)

photo-mediapipe: photo-named $(PHOTO_VENV)/.installed  ## the same, each person's joints by MediaPipe
	$(PHOTO_VENV)/bin/metricpose estimate "$(PHOTO)" -o out --detector agr --refine mediapipe $(ARGS)

photo-named:
	@test -n "$(PHOTO)" || { echo "make photo: expected a picture, got none; name it: make photo PHOTO=your.jpg" >&2; exit 2; }

test: $(DEV)/.installed  ## all tests that need neither a GPU nor the network (a few minutes)
	OMP_NUM_THREADS=1 $(DEV_BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -q -m "not gpu and not network" $(ARGS)

test-quick: $(DEV)/.installed  ## the tests without those marked slow
	OMP_NUM_THREADS=1 $(DEV_BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -q $(ARGS)

check: $(DEV)/.installed  ## ruff, pyright and the contract on imports
	$(DEV_BIN)/ruff check .
	$(DEV_BIN)/ruff format --check .
	$(DEV_BIN)/pyright --pythonpath $(DEV_BIN)/python
	$(DEV_BIN)/lint-imports

format: $(DEV)/.installed  ## put the code into the shape that `make check` asks for
	$(DEV_BIN)/ruff check --fix .
	$(DEV_BIN)/ruff format .

clean:  ## remove the environments and what the tools left
	rm -rf $(CORE) $(DEV) $(PHOTO_VENV) demo .pytest_cache .ruff_cache .import_linter_cache

# The demo runs from a built wheel, not from src, so a file missing from the wheel shows here first.
$(CORE)/.installed: $(PACKAGING) README.md LICENSE $(SOURCES)
	@sh scripts/make_venv.sh $(CORE) $(PYTHON) -- .
	@touch $@

$(PHOTO_VENV)/.installed: pyproject.toml constraints-mediapipe.txt README.md LICENSE $(SOURCES)
	@CONSTRAINTS=constraints-mediapipe.txt sh scripts/make_venv.sh $(PHOTO_VENV) $(PYTHON) -- '.[mediapipe,video]'
	@touch $@

$(DEV)/.installed: $(PACKAGING)
	@sh scripts/make_venv.sh $(DEV) $(PYTHON) -- --editable '.[dev,train,video,datasets,report,ray]'
	@touch $@
