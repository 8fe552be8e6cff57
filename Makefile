# Two commands do all on a fresh machine: `make play` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= match_out
SECONDS ?= 60
SEED ?= 1
# Processes that share the tests out, file by file.
WORKERS ?= 2

export MUJOCO_GL ?= egl

# Where torch and nerfstudio live, apart from everything else.
export SCENE_ENV ?= .scene-env
LABS ?= lab_day lab_evening lab_workshop

.PHONY: play test test-slow check format faults peers scene-env scenes system browser clean

play: $(READY) ## a 1v1 match through the whole stack, with video and report
	$(BIN)/op3-soccer play --seed $(SEED) --seconds $(SECONDS) --out $(OUT)

test: $(READY) ## what CI runs: style, types, imports, tests
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -m "not gpu and not hardware and not slow" \
	  --numprocesses $(WORKERS) --dist loadfile

test-slow: $(READY) browser ## the longer checks
	$(BIN)/python -m pytest -m slow

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

faults: $(READY) ## inject every fault of robot/reactions.py, print who reacted when
	$(BIN)/python -m benchmarks.fault_matrix

peers: ## other libraries' environments, apart from ours, for benchmarks/peers.py
	$(PYTHON) -m venv .peers-env
	.peers-env/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r benchmarks/requirements_peers.txt

scene-env: $(SCENE_ENV)/.ready ## torch and nerfstudio, for `op3-soccer scene fit`

# nerfstudio pins what its training does not need and what contradicts torch 2.13, so
# the packages it names come without their dependencies, and those it uses by name.
$(SCENE_ENV)/.ready: tools/requirements_scene.txt tools/requirements_scene_no_deps.txt
	$(PYTHON) -m venv $(SCENE_ENV)
	$(SCENE_ENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r tools/requirements_scene.txt
	$(SCENE_ENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps -r tools/requirements_scene_no_deps.txt
	$(SCENE_ENV)/bin/python -W ignore -c 'import nerfstudio.models.nerfacto'
	@touch $@

scenes: $(READY) scene-env ## film, capture and fit the procedural lab: scenes/LAB
	$(BIN)/python -m tools.make_scenes $(LABS)

# Everything is pinned in requirements.txt; the project itself is linked, not copied.
$(READY): requirements.txt pyproject.toml | system
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "expected python3 >= 3.11, found $$($(PYTHON) --version);" \
	       "name another with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation --editable .
	@touch $@

system:
	@PYTHON=$(PYTHON) sh tools/system_packages.sh

# For the live page's end-to-end test, which is skipped where there is none.
browser:
	-@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  PYTHON=$(PYTHON) sh tools/system_packages.sh chromium

clean:
	rm -rf $(VENV) $(OUT)
