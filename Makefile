# Everything one can do here. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Programs for people to run are optimised; tests run on a debug build in the same directory.
PRODUCTS := controller agent-runner pod-shim ctl

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install the Debian packages that building and running need
	@scripts/install-packages build

.PHONY: build
build: deps ## Build controller, agent-runner, pod-shim and ctl, optimised, into .build/bin
	@scripts/build $(PRODUCTS)

.PHONY: demo
demo: build ## Show the main job end to end on real input (TREE=directory), and leave nothing behind
	@scripts/demo "$(TREE)"

.PHONY: test
test: ## Install what the tests need, build, and pass them all
	@scripts/test

.PHONY: bench
bench: build ## Measure, and print the figures with machine, load and versions
	@scripts/bench

.PHONY: bench-memory
bench-memory: build ## Measure memory under bodies of strangers, many runs, many definitions
	@scripts/bench-memory

.PHONY: bench-api
bench-api: deps ## Measure the embedded API server: creates, lists, watches, memory, start
	@scripts/install-packages bench
	@scripts/build apiserver
	@scripts/bench-api

.PHONY: conformance
conformance: deps ## Replay the recorded Kubernetes cases against the embedded API server
	@scripts/conformance

.PHONY: fuzz
fuzz: deps ## Look for inputs that break the parsers, patches, CEL, apply or a whole plane (SECONDS_EACH=30, TARGETS="json plane")
	@scripts/install-packages test
	@scripts/fuzz

.PHONY: soak
soak: deps ## Update objects a million times; the database stays below twice its data, its log below 64 MiB
	@scripts/soak

.PHONY: lint
lint: ## Check format, imports, file sizes and banned constructs
	@scripts/lint

.PHONY: format
format: ## Format the sources in place
	@git ls-files '*.swift' ':!Fuzz/Sources' | xargs swift format -i

.PHONY: generate
generate: ## Write manifests/crds and manifests/rbac from the Spec's own description
	@swift run generate-manifests manifests

.PHONY: verify
verify: ## Prove that the generated files are current
	@scripts/verify

.PHONY: clean
clean: ## Remove what was built
	@rm -rf .build
