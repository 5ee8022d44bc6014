# Two commands set up everything they need: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
DEV := .venv-dev
ORACLE := .cache/oracle
CLIENTS := .cache/clients

.PHONY: demo test lint format bench oracle clients clean

# The main job on real data: production is built, one model is edited, and only that model is run.
demo: $(VENV)/.ready
	$(VENV)/bin/upriver demo upriver-demo

# Everything CI checks, in its order.
test: lint $(ORACLE)/.ready $(CLIENTS)/.ready
	UPRIVER_ORACLE_DBT=$(CURDIR)/$(ORACLE)/bin/dbt $(DEV)/bin/pytest -n 2 --dist loadgroup

lint: $(DEV)/.ready
	$(DEV)/bin/ruff format --check src tests benchmarks
	$(DEV)/bin/ruff check src tests benchmarks
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

format: $(DEV)/.ready
	$(DEV)/bin/ruff format src tests benchmarks
	$(DEV)/bin/ruff check --fix src tests benchmarks

# Compare with dbt-core in the same run; rows and ratios are printed and written to benchmarks/results.
bench: $(DEV)/.ready $(ORACLE)/.ready
	$(DEV)/bin/python -m benchmarks.compare

oracle: $(ORACLE)/.ready

$(VENV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[demo]'
	touch $@

$(DEV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	touch $@

# The reference implementation that tests and benchmarks compare with, kept in its own environment.
$(ORACLE)/.ready:
	$(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet --disable-pip-version-check 'dbt-core>=1.11,<1.12' dbt-duckdb dbt-postgres
	touch $@

clients: $(CLIENTS)/.ready

# Tools that run upriver as their dbt executable, and clients of `upriver serve`, each in its own
# environment. The limits are for packages whose newest releases do not install from an index alone,
# or not beside each other.
$(CLIENTS)/.ready:
	$(PYTHON) -m venv $(CLIENTS)/dagster
	$(CLIENTS)/dagster/bin/python -m pip install --quiet --disable-pip-version-check 'dagster-dbt>=0.29' python-dateutil
	$(PYTHON) -m venv $(CLIENTS)/cosmos
	$(CLIENTS)/cosmos/bin/python -m pip install --quiet --disable-pip-version-check 'astronomer-cosmos>=1.10' 'apache-airflow>=3'
	$(PYTHON) -m venv $(CLIENTS)/dbtc
	$(CLIENTS)/dbtc/bin/python -m pip install --quiet --disable-pip-version-check dbtc 'pyarrow<20'
	$(PYTHON) -m venv $(CLIENTS)/dbt-cloud-cli
	$(CLIENTS)/dbt-cloud-cli/bin/python -m pip install --quiet --disable-pip-version-check dbt-cloud-cli
	$(PYTHON) -m venv $(CLIENTS)/prefect-dbt
	$(CLIENTS)/prefect-dbt/bin/python -m pip install --quiet --disable-pip-version-check prefect-dbt 'dbt-core<1.12'
	$(PYTHON) -m venv $(CLIENTS)/airflow-dbt-cloud
	$(CLIENTS)/airflow-dbt-cloud/bin/python -m pip install --quiet --disable-pip-version-check apache-airflow-providers-dbt-cloud
	touch $@

clean:
	rm -rf $(VENV) $(DEV) .cache upriver-demo target logs .pytest_cache .mypy_cache .ruff_cache
