# The door to the project. Every target works in a fresh clone.
.DEFAULT_GOAL := all
.PHONY: all install demo test test-clients test-parity sanitize check fix bench clean
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
NATIVE := CMakeLists.txt $(shell find native -type f)
PARITY_STAMP := .venvs/parity/.installed
LLAMA_STAMP := .venvs/llama/.parity-installed

all: check test ## check and test

$(STAMP): pyproject.toml $(NATIVE)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

install: $(STAMP) ## set up .venv only

demo: $(STAMP) ## set up and run the main job: both approaches, streamed
	$(BIN)/firstbyte demo

test: $(DEV_STAMP) ## set up and test
	$(BIN)/python -m pytest -n auto -m 'not parity and not clients'

CLIENTS := awscli huggingface_hub openai sagemaker2 sagemaker3 schemathesis text_generation $(if $(shell command -v npm),javascript)
.venvs/awscli/.installed: PACKAGES = awscli==1.46.3
.venvs/huggingface_hub/.installed: PACKAGES = huggingface-hub==2.4.0
.venvs/openai/.installed: PACKAGES = openai==3.57.0
.venvs/sagemaker2/.installed: PACKAGES = sagemaker==2.257.7 huggingface-hub==2.4.0
# The s3fs of later years want an older boto3 than this SDK; pip finds one that does not, but only by trying them all.
.venvs/sagemaker3/.installed: PACKAGES = sagemaker==3.27.0 's3fs<0.5'
.venvs/schemathesis/.installed: PACKAGES = schemathesis==4.32.5
.venvs/text_generation/.installed: PACKAGES = text-generation==0.7.0
.venvs/javascript/.installed: PACKAGES = @aws-sdk/client-sagemaker-runtime@3.1164.0

.venvs/%/.installed: Makefile | $(DEV_STAMP)
	test -x $(@D)/bin/python || $(PYTHON) -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install --quiet --disable-pip-version-check --no-compile $(PACKAGES)
	touch $@

.venvs/javascript/.installed: Makefile
	npm install --prefix $(@D) --silent --no-audit --no-fund $(PACKAGES)
	touch $@

test-clients: $(DEV_STAMP) $(CLIENTS:%=.venvs/%/.installed) ## set up foreign clients, each in its own environment, and run them
	$(BIN)/python -m pytest -n auto -m clients tests/clients

$(PARITY_STAMP): pyproject.toml
	test -x .venvs/parity/bin/python || $(PYTHON) -m venv .venvs/parity
	.venvs/parity/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' torch==2.13.0 transformers
	touch $@

$(LLAMA_STAMP):
	test -x .venvs/llama/bin/python || $(PYTHON) -m venv .venvs/llama
	.venvs/llama/bin/python -m pip install --quiet --disable-pip-version-check xllamacpp==2026.10.11549 gguf==0.19.0
	touch $@

test-parity: $(PARITY_STAMP) $(LLAMA_STAMP) ## set up and compare with PyTorch, transformers and llama.cpp
	.venvs/parity/bin/python -m pytest -m parity tests/parity

sanitize: $(DEV_STAMP) ## test the C++ kernels under the address and undefined behaviour sanitizers
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'cmake>=3.26' ninja
	$(BIN)/cmake -S tests/native -B build/sanitize -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN)/ninja) -DFIRSTBYTE_SANITIZE=ON
	$(BIN)/cmake --build build/sanitize
	$(BIN)/ctest --test-dir build/sanitize --output-on-failure

bench: $(DEV_STAMP) ## measure the engine beside its peers (an hour or more; the machine should be quiet)
	$(BIN)/python -m bench.run

check: $(DEV_STAMP) ## lint, types, import direction, sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.sizes

fix: $(DEV_STAMP) ## format and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove environments and caches
	rm -rf .venv .venvs build dist
