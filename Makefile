# Everything is done by `go` and the scripts; this file only remembers how.
GO       ?= go
DIST     ?= dist
PACKAGES ?= ./...
MAJORS   ?= 13 14 15 16 17 18
export CGO_ENABLED ?= 0

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the static binary ./vitals
	$(GO) build -trimpath -o vitals ./cmd/vitals

.PHONY: demo
demo: build ## show Vitals watching a made-up platform; needs only Go
	./vitals demo $(DEMO)

.PHONY: test
test: ## all tests on one PostgreSQL and one Redis, which it starts
	scripts/services up
	eval "$$(scripts/services env)" && $(GO) test $(TESTFLAGS) $(PACKAGES)

.PHONY: race
race: ## all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(MAKE) test TESTFLAGS="-race $(TESTFLAGS)"

.PHONY: test-matrix
test-matrix: ## the database tests on PostgreSQL 13 to 18
	@set -e; for major in $(MAJORS); do \
	  scripts/services up --major $$major; \
	  echo "== PostgreSQL $$major"; \
	  (eval "$$(scripts/services env --major $$major)" && $(GO) test -count=1 ./checks/postgres/... ); \
	done

.PHONY: lint
lint: ## formatting, go vet, staticcheck, tidy modules, known vulnerabilities
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	@scripts/vulnerabilities $(GOVULNCHECK)

.PHONY: cross
cross: ## build for linux, macOS and Windows on amd64 and arm64
	@set -e; for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "$$os/$$arch"; GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -o $(DIST)/$$os-$$arch/ ./cmd/vitals; \
	done; done

.PHONY: docs
docs: ## write the generated reference in docs/reference and configs/vitals.yaml
	rm -rf docs/reference
	$(GO) run ./cmd/vitals man --format markdown --dir docs/reference
	$(GO) test ./configs -run TestExample -update

.PHONY: bench
bench: build ## measure the speeds that are promised, as ratios; results go to docs/benchmarks.md by hand
	scripts/services up
	eval "$$(scripts/services env)" && $(GO) run ./scripts/bench -vitals ./vitals

.PHONY: fuzz
fuzz: ## fuzz every parser for FUZZTIME (default 30s) each
	@set -e; for target in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs grep -hoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //' | sort -u); do \
	  pkg=$$(dirname $$(grep -rl "^func $$target(" --include='*_test.go' .)); \
	  $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-30s} $$pkg; done

.PHONY: down
down: ## stop the servers that the tests started
	scripts/services down

.PHONY: clean
clean: down ## remove what was built
	rm -rf vitals $(DIST)
