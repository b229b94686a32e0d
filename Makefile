# Every target installs what it needs first: Node 20 or newer with npm is all a machine must have.
in_workspace = @exec sh scripts/in-workspace.sh

.PHONY: run test soak breaks lint fmt bench docs

run: ## starts the gateway for development, on 127.0.0.1:8080
	$(in_workspace) --product sh scripts/run.sh

test: ## everything CI runs: types, lint, dead code, bars, docs, tests
	$(in_workspace) node scripts/check.ts all

soak: ## the tests that take long for what they prove; CI runs them every night
	$(in_workspace) node scripts/run-tests.ts --config vitest.soak.config.ts

breaks: ## breaks a copy of the workspace in one place at a time; a test has to notice each
	$(in_workspace) node scripts/breaks.ts

lint: ## the same without the tests
	$(in_workspace) node scripts/check.ts static

fmt: ## formats the code and repairs what the linter can
	$(in_workspace) biome check --write .
	$(in_workspace) node scripts/check-python.ts --write

docs: ## writes the generated pages in docs/
	$(in_workspace) node scripts/generate-docs.ts

bench: ## measures it, about 20 minutes; ONLY="runs streams" of it, ONLY=--list lists
	$(in_workspace) node bench/all/bench.ts $(ONLY)
