.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/$(VENV)/node:$(CURDIR)/$(BIN):$(PATH)
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/build/jsii

RUN := $(VENV)/.ready-run
CHECKS := $(VENV)/.ready-checks
SET_UP := PATH="$(SYSTEM_PATH)" PYTHON="$(PYTHON)" sh local/set_up/start.sh
STAGES := $(addprefix tests/,architecture records inventory findings decode parse enrich contacts detect explain emit) \
	$(wildcard tests/test_*.py)

SETTINGS_FILE := $(if $(SETTINGS),--context settings=$(SETTINGS))

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(RUN) ## Virtual environment, Node and the CDK CLI; every other target does this by itself

.PHONY: setup-checks
setup-checks: $(CHECKS) ## And what lint, types, test, bench and docs need; they do this by themselves

$(RUN): requirements.txt requirements-run.txt constraints.txt layers/dependencies/requirements.txt package.json package-lock.json pyproject.toml
	@$(SET_UP) run $^

$(CHECKS): $(RUN) requirements-dev.txt
	@$(SET_UP) checks $^

.PHONY: lint
lint: $(CHECKS) ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(CHECKS) ## Types
	$(BIN)/python -m mypy layers/flowsentry/python/flowsentry stacks local lambdas app.py benchmarks campaigns docs

.PHONY: test
test: $(CHECKS) ## The whole test suite
	$(BIN)/python -m pytest -n 3 --dist loadfile

.PHONY: quick
quick: $(CHECKS) ## Unit tests of the stages, about a minute: no synth, no emulator
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow" $(STAGES)

.PHONY: check
check: lint types test ## What continuous integration runs

.PHONY: synth
synth: $(RUN) ## CloudFormation templates into cdk.out; needs no account
	node_modules/.bin/cdk synth --quiet $(SETTINGS_FILE)

.PHONY: bootstrap
bootstrap: $(RUN) ## Once for an account and region: what cdk deploy needs there
	node_modules/.bin/cdk bootstrap

.PHONY: doctor
doctor: $(RUN) ## Ask the account, read-only, whether the settings of cdk.json can be deployed into it
	$(BIN)/python -m local.cli doctor $(if $(SETTINGS),--settings $(SETTINGS))

.PHONY: deploy
deploy: doctor ## Deploy all stacks into the account of your AWS credentials, with cdk.json or SETTINGS=file
	node_modules/.bin/cdk deploy --all $(SETTINGS_FILE)

.PHONY: destroy
destroy: $(RUN) ## Remove all stacks, of cdk.json or SETTINGS=file; README, Uninstall, says what is retained
	node_modules/.bin/cdk destroy --all $(SETTINGS_FILE)

.PHONY: demo
demo: $(RUN) ## AWS on this machine, the real app deployed into it, traffic, alerts
	$(BIN)/python -m local.cli demo

.PHONY: replay
replay: $(RUN) ## Your own flow logs through the same pipeline: make replay LOGS="file folder …"
	$(BIN)/python -m local.cli replay $(LOGS)

.PHONY: bench
bench: $(CHECKS) ## Speed and memory in one table, 10 minutes: fails on a missed bound, or 10 % more than the landed ratio
	$(BIN)/python -m benchmarks

.PHONY: bench-short
bench-short: $(CHECKS) ## Its quick part, under a minute: fails only at twice a landed ratio
	$(BIN)/python -m benchmarks --short

.PHONY: cost
cost: $(CHECKS) ## Measure the functions' time, calls and bytes again, two minutes, and write docs/cost.md from them
	$(BIN)/python -m benchmarks.cost.figures
	$(BIN)/python -m docs.generate

.PHONY: load
load: $(CHECKS) ## Measure an hour of 100, 1,000 and 10,000 interfaces, five minutes, and write docs/cost.md from it
	$(BIN)/python -m campaigns.load
	$(BIN)/python -m docs.generate

.PHONY: break
break: $(CHECKS) ## Every law ten times as long, then campaigns that try to break it, 40 minutes: faults, hostile messages, load, wrong clocks, dead services
	FLOWSENTRY_LAW_EXAMPLES=10 $(BIN)/python -m pytest -q -n 2 tests/properties
	$(BIN)/python -m campaigns

.PHONY: docs
docs: $(CHECKS) ## The reference pages in docs/ that are generated from the code, and the screenshots if there is Chromium
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.screenshots

.PHONY: member-template
member-template: $(RUN) ## The CloudFormation template for member accounts, from stacks/members
	$(BIN)/python -m stacks.members

.PHONY: golden
golden: $(CHECKS) ## Write the expected findings of stories and samples, and the texts of messages, to be reviewed as a diff
	FLOWSENTRY_WRITE_EXPECTED=1 $(BIN)/python -m pytest -q tests/golden/test_stories.py tests/golden/test_samples.py tests/emit/test_alert_message.py tests/test_docs.py

.PHONY: lock
lock: $(CHECKS) ## Pin what the requirements bring with them
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --no-emit-find-links requirements-dev.txt --output-file constraints.txt
