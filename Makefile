# Vitals. `make` alone lists what there is. Only Go and make are needed, but for the tests' servers: see scripts/services.

GO ?= go
# For every target that tests: make test TESTFLAGS='-run Database -v'
TESTFLAGS ?=
FUZZTIME ?= 20s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
MAJORS := 13 14 15 16 17 18
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w'

.DEFAULT_GOAL := help
.PHONY: help build test test-matrix race format format-check tidy vet staticcheck vuln lint cross demo bench fuzz docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

build: ## build ./vitals, one static program
	$(BUILD) -o vitals ./cmd/vitals

demo: ## see all of it on a made-up platform; nothing else needs to be installed
	$(GO) run ./cmd/vitals demo

test: ## run every test, on a PostgreSQL and a Redis that it starts and stops
	@scripts/services run -- $(GO) test $(TESTFLAGS) ./...

test-matrix: ## run the database tests on PostgreSQL 13 to 18
	@set -e; for major in $(MAJORS); do \
		echo "PostgreSQL $$major"; \
		scripts/services run --major $$major -- $(GO) test -count=1 $(TESTFLAGS) ./checks/postgres/... ./internal/history/...; \
	done

race: ## run every test under the race detector (needs a C compiler)
	@CGO_ENABLED=1 $(MAKE) --no-print-directory test TESTFLAGS='-race $(TESTFLAGS)'

lint: format-check tidy vet staticcheck vuln ## what CI holds the code to, tests aside

format: ## gofmt every file
	gofmt -w .

format-check: ## fails when gofmt would change a file
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "make format would change:"; echo "$$unformatted"; exit 1; }

tidy: ## fails when go mod tidy would change go.mod or go.sum
	@$(GO) mod tidy -diff

vet: ## go vet, for each system that Vitals is built for
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...

staticcheck: ## staticcheck
	$(GO) run $(STATICCHECK) ./...

vuln: ## govulncheck, where its database can be reached
	@said=$$($(GO) run $(GOVULNCHECK) ./... 2>&1); status=$$?; echo "$$said"; \
		case "$$status $$said" in \
		0\ *) ;; \
		*"fetching vulnerabilities"*) echo "govulncheck: its database cannot be reached from here, so nothing was looked up" ;; \
		*) exit 1 ;; \
		esac

cross: ## build for Linux, macOS and Windows on amd64 and arm64, into dist
	@set -e; for platform in $(PLATFORMS); do \
		os=$${platform%/*} arch=$${platform#*/}; \
		[ $$os != windows ] || suffix=.exe; \
		echo "dist/vitals_$${os}_$$arch$$suffix"; \
		GOOS=$$os GOARCH=$$arch $(BUILD) -o "dist/vitals_$${os}_$$arch$$suffix" ./cmd/vitals; \
	done

bench: ## compare with other programs on this machine, and load /health
	@scripts/services install monitoring-plugins-basic monitoring-plugins-standard check-postgres
	@scripts/services run -- $(GO) run ./scripts/bench check health

fuzz: ## fuzz every fuzz test for FUZZTIME each (20s)
	@set -e; for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n 1 dirname | sort -u); do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$package/*_test.go | cut -c6-); do \
			echo "$$package $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

docs: ## write docs/reference anew from the commands
	@rm -rf docs/reference
	$(GO) run ./cmd/vitals man --format markdown --dir docs/reference

clean: ## remove what was built, and stop the tests' servers
	rm -rf vitals dist
	@scripts/services down
