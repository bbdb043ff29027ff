# Everything runs on 127.0.0.1 and lives under .local/; `make` alone lists the commands.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .local/venvs/airflow/bin
CDK := $(CURDIR)/.local/venvs/cdk/bin/python
SETUP := $(PYTHON) -m infra.common.bootstrap
STACK := exec $(BIN)/python -m infra.local $(if $(SLUICE_ROOT),--root '$(SLUICE_ROOT)')
OPTIONS = $(if $(filter 1 true yes,$(LIVE)),--live) $(if $(filter 1 true yes,$(SCHEDULE)),--schedule) $(if $(AS_OF),--as-of '$(AS_OF)') $(if $(DAG),--dag '$(DAG)') $(if $(WORKERS),--workers '$(WORKERS)')
DEPLOYMENT = '$(ENV)' $(if $(ACCOUNT),--account '$(ACCOUNT)') $(if $(CONFIRM),--confirm '$(CONFIRM)')

.DEFAULT_GOAL := help
.PHONY: help run up down env try dataset test mutants check fix bench screenshots synth package deploy destroy secret clean

help: ## list the commands
	@awk -F ' *## ' '/^[a-z]+:.*## / { sub(/:.*/, "", $$1); gsub(/\$$\$$/, "$$", $$2); printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: ## run covid_us_daily once and show tasks, ledger row and notice (DAG=…, AS_OF=2020-12-03T08:30:00Z, LIVE=1)
	@$(SETUP) airflow emulator
	@$(STACK) run $(OPTIONS)

up: ## start the whole stack with the UI on http://localhost:8080 (LIVE=1, SCHEDULE=1, WORKERS=2)
	@$(SETUP) airflow emulator
	@$(STACK) up $(OPTIONS)

down: ## stop the stack
	@$(SETUP) airflow
	@$(STACK) down

env: ## print exports for psql, aws and airflow: eval "$$(make -s env)"
	@$(SETUP) airflow
	@$(STACK) env

# Make exports what stands on its command line, so quotes and blanks in names reach the program.
try: ## read FILE=some.csv as DATASET=addresses would, and send nothing (ROWS=out.jsonl; FILE may be a folder; AS=export declares a table)
	@$(SETUP) airflow
	@exec $(BIN)/python -B -m infra.local.try_file --file "$$FILE" --dataset "$$DATASET" --source "$$SOURCE" --rows "$$ROWS" --as "$$AS"

dataset: ## write what a dataset takes: NAME=some_rows and FILE=some.csv or GITHUB=owner/repository/path (LIVE=1 asks GitHub)
	@$(SETUP) airflow
	@exec $(BIN)/python -B -m infra.local.add_dataset --name "$$NAME" --file "$$FILE" --github "$$GITHUB" \
		$(if $(filter 1 true yes,$(LIVE)),--live) $(if $(SLUICE_ROOT),--root '$(SLUICE_ROOT)')

# Three processes on two cores: one of them has the full stack, which waits as much as it works.
test: WORKERS ?= 3
# Some machines turn it off; then each of hundreds of processes compiles what it loads, CDK above all.
test: export PYTHONDONTWRITEBYTECODE :=
test: ## run every test, on servers of its own, and name the slowest ten (PYTEST="-k name" selects)
	@$(SETUP) airflow emulator cdk cdk-cli
	@SLUICE_CDK_PYTHON='$(CDK)' exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --durations 10 $(PYTEST)

mutants: ## take each guard of docs/guards.md away, and look whether a test dies (GUARD=lease selects)
	@$(SETUP) airflow emulator
	@exec $(BIN)/python -m tests.mutants $(if $(GUARD),'$(GUARD)')

check: ## format, lint, types, the committed template, import rules
	@$(SETUP) airflow cdk
	@echo 'format' && $(BIN)/ruff format --check --quiet .
	@echo 'lint' && $(BIN)/ruff check --quiet .
	@echo 'types' && $(BIN)/mypy --no-error-summary include dags plugins infra/common infra/local infra/deploy infra/package tests
	@echo 'types of infra/aws' && $(BIN)/mypy --no-error-summary --python-executable '$(CDK)' infra/aws
	@echo 'template' && '$(dir $(CDK))cfn-lint' infra/aws/templates/*.json
	@echo 'import rules' && $(BIN)/python -m pytest --quiet tests/unit/test_import_rules.py

fix: ## format, and repair what the linter can
	@$(SETUP) airflow
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: ## measure against floors of the same run (ONLY="csv end", ROUNDS=2, ROWS=50000, FULL=1, PEERS=1)
	@$(SETUP) airflow emulator $(if $(filter 1 true yes,$(PEERS)),peers)
	@exec $(BIN)/python -m tests.bench $${ONLY:+--only $$ONLY} $${ROUNDS:+--rounds "$$ROUNDS"} $${ROWS:+--rows "$$ROWS"} \
		$(if $(filter 1 true yes,$(FULL)),--full) $(if $(filter 1 true yes,$(PEERS)),--peers)

screenshots: ## take the pictures of the page in docs/pictures, with Chromium
	@$(SETUP) airflow emulator
	@exec $(BIN)/python -m tests.screenshots

synth: ## write the CloudFormation templates; stop at a security finding without a reason
	@$(SETUP) cdk
	@exec '$(CDK)' -m infra.aws.synth

package: ## build what MWAA is given into .local/package, and verify it as MWAA uses it
	@exec $(PYTHON) -m infra.package

deploy: ## bring ENV=dev to the AWS account you are signed in to (ACCOUNT=… pins it, CONFIRM=yes does not ask)
	@$(SETUP) cdk cdk-cli
	@exec '$(CDK)' -m infra.deploy deploy $(DEPLOYMENT)

destroy: ## delete all of ENV=dev from the AWS account, after you have typed its name (SECRETS=delete takes keys of APIs too)
	@$(SETUP) cdk cdk-cli
	@exec '$(CDK)' -m infra.deploy destroy $(DEPLOYMENT) $(if $(SECRETS),--secrets '$(SECRETS)')

# The key is read from the terminal or standard input: an argument would stay in the shell's history.
secret: ## put the key of NAME=weather_api, typed unseen or from standard input, into Secrets Manager of ENV=dev (REMOVE=yes deletes it)
	@$(SETUP) cdk </dev/null
	@exec '$(CDK)' -m infra.deploy secret '$(ENV)' --name '$(NAME)' $(if $(filter 1 true yes,$(REMOVE)),--remove) $(if $(ACCOUNT),--account '$(ACCOUNT)')

clean: ## stop the stack and forget .local/
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m infra.local down; fi
	@rm -rf .local && echo 'removed .local'
