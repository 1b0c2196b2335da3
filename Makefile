# Two commands do everything: `make run` and `make test`. Both set up what they need.
SHELL := /bin/bash
BIN := .venv/bin
UV := .uv/bin/uv
export UV_PYTHON_DOWNLOADS := never
PYTEST := $(BIN)/pytest
# A file of tests stays in one process: its fixtures are made once.
PROCESSES ?= 2
DEMO_DATA := demo/flights/data/flights.csv
VAR ?= var
WIDGETS := sesam_interactive/widgets/static/.made
EXTENSION := labextension/lib/.made

.PHONY: run demo test test-long test-lab-versions lint format setup chromium containers databases storage-server benchmark clean

setup: .venv/.made $(WIDGETS) $(EXTENSION)

# uv lives in a folder of its own, so that syncing the environment does not remove it.
$(UV):
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	python3 -m venv .uv || { $(SUDO) apt-get install -y -qq python3-venv && python3 -m venv .uv; }
	.uv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9'

.venv/.made: pyproject.toml uv.lock hatch_build.py jupyter-config/server-config/sesam_interactive.json | $(UV)
	$(UV) sync --quiet --locked --all-extras --python "$$(command -v python3)"
	touch $@

# Node comes with the environment: nothing has to be on the machine.
NPM := cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm
LAB_NPM := cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" npm

frontend/node_modules/.made: frontend/package.json frontend/package-lock.json .venv/.made
	$(NPM) ci --silent --no-audit --no-fund
	touch $@

$(WIDGETS): frontend/node_modules/.made frontend/build.mjs $(shell find frontend/src -type f)
	$(NPM) run --silent build
	touch $@

labextension/node_modules/.made: labextension/package.json labextension/package-lock.json .venv/.made
	$(LAB_NPM) ci --silent --no-audit --no-fund
	touch $@

# The environment shows what is built here.
INSTALLED := .venv/share/jupyter/labextensions/sesam-interactive
$(EXTENSION): labextension/node_modules/.made labextension/tsconfig.json \
    $(shell find labextension/src labextension/style labextension/schema frontend/src -type f)
	$(LAB_NPM) run --silent build
	mkdir -p $(dir $(INSTALLED)) && ln -sfn $(CURDIR)/sesam_interactive/labextension $(INSTALLED)
	touch $@

$(DEMO_DATA): demo/prepare.py | .venv/.made
	$(BIN)/python demo/prepare.py

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

chromium:
	command -v chromium chromium-browser google-chrome >/dev/null || \
	  { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq chromium; }

databases:
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && command -v mariadbd >/dev/null \
	  && test -x /usr/sbin/slapd || \
	  { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq postgresql mariadb-server slapd >/dev/null; }

# In an environment of its own: its libraries hold back some that the node uses.
storage-server: .s3/bin/moto_server

.s3/bin/moto_server: | $(UV)
	$(UV) venv --quiet --python "$$(command -v python3)" .s3
	$(UV) pip install --quiet --python .s3/bin/python 'moto[s3,server]==5.2.5'

# The workbench works on a copy of the project, so that what it saves does not change the demo.
$(VAR)/flights: $(DEMO_DATA)
	mkdir -p $(VAR) && cp -r demo/flights $(VAR)/flights

# Containers for the tests of microservices; busybox is all that is in their image.
containers:
	command -v podman >/dev/null && command -v runc >/dev/null && test -e /bin/busybox && test -d /usr/lib/cni || \
	  { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends \
	    podman runc containernetworking-plugins iptables busybox-static >/dev/null; }

run: setup $(VAR)/flights
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	  --LabApp.default_url=/lab/tree/notebooks/01-connect-and-look.ipynb \
	  --SesamInteractive.project=$(VAR)/flights --SesamInteractive.data=$(VAR)/node $(JUPYTER_OPTIONS)

demo: setup $(DEMO_DATA)
	$(BIN)/sesam-node demo --project demo/flights

test: setup chromium containers databases storage-server $(DEMO_DATA)
	$(NPM) test --silent
	$(PYTEST) -q -m "not long" -n $(PROCESSES) --dist loadfile

test-long: setup chromium containers databases storage-server $(DEMO_DATA)
	$(PYTEST) -q -m long -n $(PROCESSES) --dist loadfile

# The wheel in each version of JupyterLab that is promised, and under a JupyterHub, in environments of their own.
LAB_VERSIONS ?= lowest 4.2 4.3 4.4 4.5 4.6
test-lab-versions: setup chromium
	LAB_VERSIONS="$(LAB_VERSIONS)" $(PYTEST) -q tests/browser/test_lab_versions.py tests/browser/test_jupyterhub.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run --silent check
	$(LAB_NPM) run --silent check
	$(BIN)/hadolint node/Dockerfile
	$(BIN)/yamllint -s -d "{extends: default, rules: {document-start: disable, line-length: {max: 120}}}" docker-compose.yml

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: setup $(DEMO_DATA)
	$(BIN)/python benchmarks/pipes.py
	$(BIN)/python benchmarks/demo.py

clean:
	rm -rf .venv .uv .s3 $(VAR) frontend/node_modules sesam_interactive/widgets/static \
	  labextension/node_modules labextension/lib sesam_interactive/labextension node/sesam_node/api/static
