# ocrgan-edge: recordings of normal life → INT8 bundle → a camera daemon that alerts over MQTT.
# `make help` lists the targets. Settings go on the command line: make train DATA=my/recordings SIZE=96x160

PYTHON  ?= python3
TORCH   ?= torch==2.13.0

# The data set: a folder with train/<clip>, and for evaluation test/<clip> and labels.json.
# The default is the rendered scene, which is drawn when it is missing.
# SIZE=auto is what fits the recording's shape; with a size of one's own REDUCTION says how much smaller the generator sees it.
DATA    ?= runs/scene-data
SIZE    ?= auto
REDUCTION ?= 1
WIDTH   ?= 16
FRAMES  ?= 16
HIDDEN  ?= 4
MINUTES ?= 20
SEED    ?= 1
# New frames between two scores: every frame; windows (TRAIN_OPTIONS='--temporal full') every four.
HOP     ?= $(if $(findstring --temporal,$(subst --temporal causal,,$(TRAIN_OPTIONS))),4,1)
ALARMS  ?= 1
SOAK    ?= 60
RUN     ?= runs/$(notdir $(patsubst %/,%,$(DATA)))-$(SIZE)-w$(WIDTH)-t$(FRAMES)-m$(MINUTES)-s$(SEED)
TRAIN_OPTIONS ?=

VENV      := .venv
DEMO_VENV := .venv-demo
BIN       := $(VENV)/bin
NAME      := $(notdir $(patsubst %/,%,$(RUN)))
BUNDLE    ?= $(RUN)/$(NAME).ocrgan
SCENE     := runs/scene-data

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-all faults soak check check-arm64 format setup train export quantize calibrate \
        evaluate all bench demo-bundle clean

help: ## list the targets and settings
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo
	@echo 'settings: DATA=$(DATA) RUN=$(RUN)'
	@echo '          SIZE=$(SIZE) WIDTH=$(WIDTH) FRAMES=$(FRAMES) HIDDEN=$(HIDDEN) MINUTES=$(MINUTES) SEED=$(SEED) HOP=$(HOP) ALARMS=$(ALARMS) (false alarms per day)'

# --- what everything stands on ---------------------------------------------------------------

# A stamp is younger than pyproject.toml when the environment holds what it asks for.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11: call make PYTHON=python3.11 or newer" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@

# The demo runs what a device runs: no torch, no exporter.
$(DEMO_VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11: call make PYTHON=python3.11 or newer" >&2; exit 1; }
	test -x $(DEMO_VENV)/bin/python || $(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/python -m pip install --quiet --editable ".[demo]"
	@touch $@

setup: $(VENV)/.installed ## create .venv with everything a developer needs

# --- try it ----------------------------------------------------------------------------------

demo: $(DEMO_VENV)/.installed ## camera → INT8 bundle → MQTT alerts, on the rendered scene
	$(DEMO_VENV)/bin/ocrgan-demo

# --- recordings → bundle ---------------------------------------------------------------------

$(SCENE)/scene.json: | $(VENV)/.installed
	$(BIN)/ocrgan-scene --out $(SCENE)

ifeq ($(DATA),$(SCENE))
DATA_READY := $(SCENE)/scene.json
endif

$(RUN)/.trained: $(DATA_READY) | $(VENV)/.installed
	$(BIN)/ocrgan-train --data $(DATA) --out $(RUN) --size $(SIZE) $(if $(filter auto,$(SIZE)),,--reduction $(REDUCTION)) --width $(WIDTH) \
	  --frames $(FRAMES) --hidden-frames $(HIDDEN) --minutes $(MINUTES) --seed $(SEED) --resume $(TRAIN_OPTIONS)
	@touch $@

$(RUN)/.exported: $(RUN)/.trained
	$(BIN)/ocrgan-export $(RUN) --data $(DATA) --hop $(HOP) --false-alarms-per-day $(ALARMS)
	@touch $@

$(RUN)/.quantized: $(RUN)/.exported
	$(BIN)/ocrgan-quantize $(RUN)
	@touch $@

train: $(RUN)/.trained ## recordings → FP32 network (RUN/checkpoint.safetensors)
export: $(RUN)/.exported ## network → fused ONNX FP32 and OpenVINO FP16 graphs, in a bundle
quantize: $(RUN)/.quantized ## adds the INT8 graphs to the bundle

calibrate: $(RUN)/.quantized ## thresholds again, for ALARMS false alarms per day or other DATA
	$(BIN)/ocrgan-calibrate --bundle $(BUNDLE) --data $(DATA) --hop $(HOP) \
	  --false-alarms-per-day $(ALARMS)

evaluate: $(RUN)/.quantized ## detection on DATA/test: every target, two baselines, plots
	$(BIN)/ocrgan-evaluate --bundle $(BUNDLE) --data $(DATA) --target all --hop $(HOP) \
	  --json $(RUN)/evaluation.json --plots $(RUN)/plots

all: evaluate ## a scene never seen: make all DATA=DIR MINUTES=60

# The bundle that `make demo` runs: a small network taught by a larger one, of which only ONNX Runtime's
# INT8 graph is kept: what every device installs can run it.
DEMO_BUNDLE  := edge/ocrgan_edge/service/demo_bundle.ocrgan
DEMO_RUN     := runs/demo
DEMO_TEACHER := runs/demo-teacher

demo-bundle: $(SCENE)/scene.json ## train and pack the small bundle shipped for `make demo`
	$(BIN)/ocrgan-train --data $(SCENE) --out $(DEMO_TEACHER) --preset base --steps 450 --resume
	$(BIN)/ocrgan-train --data $(SCENE) --out $(DEMO_RUN) --preset nano --steps 500 --teacher $(DEMO_TEACHER) --resume
	$(BIN)/ocrgan-export $(DEMO_RUN)
	$(BIN)/ocrgan-quantize $(DEMO_RUN) --only-targets onnx-int8 --out $(DEMO_BUNDLE)

# One worker per processor, with one thread of torch each. What failed is tried RERUNS times again and told: real brokers,
# streams and disks on a busy machine.
RERUNS ?= 0
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist worksteal --reruns $(RERUNS)

# --- is it right, is it fast -----------------------------------------------------------------

test: $(VENV)/.installed ## the fast tests
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.installed ## the slow tests: whole chain, trainings, soaks
	$(PYTEST) -m slow

test-all: test test-slow ## both

faults: $(VENV)/.installed ## every fault test in its long form; needs root for mounts and namespaces
	OCRGAN_FAULTS=long $(BIN)/pytest -s tests/faults

soak: $(VENV)/.installed ## four cameras for SOAK minutes: what grows
	$(BIN)/python tests/faults/soak.py --minutes $(SOAK) --cameras 4 --out runs/soak.json --picture docs/pictures/soak.png

check: $(VENV)/.installed ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-arm64: $(VENV)/.installed ## what a Raspberry Pi installs and runs, in an emulated Debian; needs root
	PYTHONPATH=packaging $(BIN)/python -m arm64

format: $(VENV)/.installed ## put all sources in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What is there is not measured again: delete runs/benchmarks/NAME.json, or its folder of graphs.
# OCRGAN_BENCH_WITHOUT=torch-compile saves the minutes that it compiles.
PRESETS ?= nano small base large recipe
BENCH   := runs/benchmarks
$(BENCH)/%.json: | $(VENV)/.installed
	@mkdir -p $(BENCH)
	OCRGAN_PRESETS=$* OCRGAN_BENCH=$(BENCH) $(BIN)/pytest tests/benchmarks/test_speed.py -W default \
	  --override-ini=addopts=--import-mode=importlib --benchmark-only --benchmark-json=$@.part
	@mv $@.part $@

# A frame through the graphs that step, in turn with a window.
$(BENCH)/steps/%.json: | $(VENV)/.installed
	@mkdir -p $(BENCH)/steps
	OCRGAN_PRESETS=$* OCRGAN_BENCH=$(BENCH) $(BIN)/pytest tests/benchmarks/test_steps.py -W default \
	  --override-ini=addopts=--import-mode=importlib --benchmark-only --benchmark-json=$@.part
	@mv $@.part $@

bench: $(PRESETS:%=$(BENCH)/%.json) $(PRESETS:%=$(BENCH)/steps/%.json) ## timings, as ratios measured in turn: make bench PRESETS=nano
	$(BIN)/python tests/benchmarks/report.py $(BENCH) --out docs/benchmarks.md --picture docs/pictures/benchmarks.png

clean: ## removes environments and caches, never runs/
	rm -rf $(VENV) $(DEMO_VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
