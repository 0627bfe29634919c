# What can I do here? `make` prints the list. CI calls the same targets.
.DEFAULT_GOAL := help
.SUFFIXES:
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/
LAKE ?= demo-lake
CLUSTER ?= demo-cluster
BROKER ?= demo-kafka

# One mark a set of extras, renewed when what is needed changes.
ENV := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
SPARK := $(VENV)/.ready-spark
HADOOP := $(VENV)/.ready-hadoop
IMPALA := $(VENV)/.ready-impala
KAFKA := $(VENV)/.ready-kafka
MLFLOW := $(VENV)/.ready-mlflow

ON_SPARK := tests/models tests/system/test_spark_whole.py tests/system/test_spark_kills.py tests/system/test_spark_stats.py tests/system/test_standalone.py tests/system/test_pig_views.py tests/learn/test_mllib.py tests/docs/test_guides.py

# What starts HDFS, Hive or Pig, in three suites of some eight minutes each.
ON_HADOOP := hadoop and not long$(if $(SHOPLAKE_REAL_DATA),, and not real)
ON_HIVE := tests/system/test_hive_build.py tests/system/test_hive_whole.py
ON_HDFS := tests/system/test_hdfs_lake.py tests/docs/test_guides.py

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-17s %s\n", $$1, $$2}'

demo: $(ENV) ## A made shop of default size, from raw files to five dashboards and two models (lake: ./demo-lake)
	@$(RUN)shoplake --lake $(LAKE) demo

test: $(DEV) ## The default test suite: no JVM, no network, under two minutes on two cores
	@$(RUN)python -m pytest -n auto

test-guides: $(DEV) ## The pages: all that README, the guides and CONTRIBUTING say to type, typed
	@$(RUN)python -m pytest -m guide -n auto

test-made: $(DEV) ## Made shops: figures beside those of real ones, what was planted found, every mart recomputed apart
	@$(RUN)python -m pytest -m 'made and not long'

test-real: $(DEV) ## The tests on real data; SHOPLAKE_REAL_DATA names the folder that holds it
	@$(RUN)python -m pytest -m 'real and not spark and not hadoop'

test-long: $(DEV) ## Long repetitions: kills by the dozen, thousands of mangled lines, readers during publication
	@$(RUN)python -m pytest -m 'long and not spark and not hadoop and not kafka' -n auto

test-engines-long: $(SPARK) hadoop ## Long runs on Spark and Hive: twenty kills of a build on each, a whole year, the real file on both; hours
	@$(RUN)python -m pytest -m 'long and (spark or hadoop)$(if $(SHOPLAKE_REAL_DATA),, and not real)' tests/system tests/learn

spark: $(SPARK) ## Spark on this machine, into the environment (needs Java; half a gigabyte)

test-spark: $(SPARK) ## Every model on a real Spark, against DuckDB's rows
	@SHOPLAKE_RECORD=1 $(RUN)python -m pytest -n 2 -m 'not hadoop and not kafka and not mlflow and not guide and not long$(if $(SHOPLAKE_REAL_DATA),, and not real)' $(ON_SPARK)

test-impala: $(IMPALA) ## What is rendered for Impala, parsed by two grammars of it (needs node and npm)
	@$(RUN)python -m tests.impala.grammars
	@SHOPLAKE_RECORD=1 $(RUN)python -m pytest -m impala tests/impala

hadoop: $(HADOOP) ## HDFS, Hive and Pig for this machine, by Maven into ~/.cache/shoplake (needs a JDK; half a gigabyte)
	@$(RUN)python -m cluster resolve

test-hadoop: $(SPARK) hadoop ## Real HDFS, Hive and Pig: servers, models and scripts, against DuckDB's rows
	@SHOPLAKE_RECORD=1 $(RUN)python -m pytest -n 2 -m '$(ON_HADOOP)' tests/models tests/system tests/impala $(ON_HIVE:%=--ignore=%) $(ON_HDFS:%=--ignore=%)

test-hive: $(SPARK) hadoop ## Whole shops on Hive: built by shoplake, and by the beeline files alone; kills
	@$(RUN)python -m pytest -n 2 -m '$(ON_HADOOP)' $(ON_HIVE)

test-hdfs: $(SPARK) hadoop ## A lake on HDFS; and the pages of Hadoop, Hive and Pig, typed
	@$(RUN)python -m pytest -n 2 -m '$(ON_HADOOP)' $(ON_HDFS)

cluster-up: $(HADOOP) ## Start HDFS and Hive on this machine, to stay (their data: ./demo-cluster)
	@$(RUN)python -m cluster up --dir $(CLUSTER)

cluster-status: $(HADOOP) ## Whether they run, and where
	@$(RUN)python -m cluster status --dir $(CLUSTER)

cluster-down: $(HADOOP) ## Stop them; the data stays
	@$(RUN)python -m cluster down --dir $(CLUSTER)

kafka: $(KAFKA) ## Start a Kafka broker on this machine, to stay (its data: ./demo-kafka); the first time it is fetched by Maven
	@$(RUN)python -m cluster kafka up --dir $(BROKER)

kafka-status: $(KAFKA) ## Whether it runs, and where
	@$(RUN)python -m cluster kafka status --dir $(BROKER)

kafka-down: $(KAFKA) ## Stop it; the data stays
	@$(RUN)python -m cluster kafka down --dir $(BROKER)

test-stream: $(SPARK) $(KAFKA) ## Streams on real Kafka brokers: kills, rebalances, lost brokers, refused logins, files and stream equal
	@$(RUN)python -m pytest -n 2 -m 'kafka and not long' tests/unit/stream tests/system tests/docs

test-stream-long: $(SPARK) $(HADOOP) $(KAFKA) ## The same with hundreds of kills, and once on HDFS; an hour
	@SHOPLAKE_REPEAT=long $(RUN)python -m pytest -m 'kafka' tests/system

mlflow: $(MLFLOW) ## Start MLflow's server on this machine, to stay (its data: ./demo-mlflow); the first time it is installed apart, 850 MB
	@$(RUN)python -m cluster mlflow up

mlflow-status: $(MLFLOW) ## Whether it runs, and where
	@$(RUN)python -m cluster mlflow status

mlflow-down: $(MLFLOW) ## Stop it; the data stays
	@$(RUN)python -m cluster mlflow down

test-mlflow: $(MLFLOW) ## What is learnt on a real MLflow server: runs, trials, models that answer; one that is gone or half told
	@$(RUN)python -m pytest -m mlflow tests/unit/learn tests/learn tests/docs

test-wheel: $(DEV) ## The built wheel, in a bare environment and from an empty folder
	@$(RUN)python -m pytest -m wheel

lint: $(DEV) ## ruff, mypy, and that no generated page or rendered file is stale
	@$(RUN)ruff check src tests benchmarks cluster
	@$(RUN)mypy
	@$(RUN)python -m shoplake.build.pages --check

render: $(DEV) ## Write rendered/ and the generated reference pages from contracts/ and warehouse/
	@$(RUN)python -m shoplake.build.pages

new-model: $(DEV) ## Scaffold a model: make new-model name=core.fact_returns
	@$(RUN)python -m shoplake.build.scaffold $(name)

bench: $(if $(filter spark growth stream,$(stage)),$(SPARK),$(DEV)) $(if $(filter stream,$(stage)),$(KAFKA)) ## Measure against references in the same run: make bench, make bench stage=clean
	@$(RUN)python -m pip install -q -c constraints.txt -e '.[bench]'
	@$(RUN)python -m benchmarks.run $(stage)

clean: ## Remove the environment and the demo's lake
	rm -rf $(VENV) $(LAKE)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is missing or older. Install it, or name it: make PYTHON=python3.12 ..."; exit 3; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv"; exit 3; }

$(ENV): $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing shoplake into $(VENV) (once) ..." >&2
	@$(RUN)python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[learn]' || { echo "pip could not install what constraints.txt names: is a package index within reach?"; exit 3; }
	@touch $@

$(DEV): $(ENV)
	@$(RUN)python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,stream,learn]' || { echo "pip could not install what constraints.txt names: is a package index within reach?"; exit 3; }
	@touch $@

$(SPARK): $(DEV)
	@$(RUN)python -c 'from shoplake.engines.spark import require_java; require_java()' 2>/dev/null || \
	  { echo "Spark needs Java 17 to 21, and none was found. On Debian and Ubuntu: apt install openjdk-17-jre-headless"; exit 3; }
	@echo "Installing Spark into $(VENV) (once, half a gigabyte) ..." >&2
	@$(RUN)python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[spark]' || { echo "pip could not install what constraints.txt names: is a package index within reach?"; exit 3; }
	@touch $@

$(IMPALA): $(DEV)
	@$(RUN)python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[impala]' || { echo "pip could not install what constraints.txt names: is a package index within reach?"; exit 3; }
	@touch $@

$(HADOOP): $(DEV)
	@$(RUN)python -m cluster resolve
	@$(RUN)python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[hadoop]' || { echo "pip could not install what constraints.txt names: is a package index within reach?"; exit 3; }
	@touch $@

$(KAFKA): $(DEV)
	@$(RUN)python -m cluster resolve kafka && $(RUN)python -m cluster resolve spark-kafka
	@touch $@

$(MLFLOW): $(DEV)
	@$(RUN)python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[mlflow]' || { echo "pip could not install what constraints.txt names: is a package index within reach?"; exit 3; }
	@touch $@

.PHONY: mlflow mlflow-status mlflow-down test-mlflow kafka kafka-status kafka-down test-stream test-stream-long help demo test test-guides test-made test-real test-long test-engines-long spark test-spark hadoop test-hadoop test-hive test-hdfs cluster-up cluster-status cluster-down test-impala \
  test-wheel lint render new-model bench clean
