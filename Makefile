# Vitals. `make` alone lists what there is. Only Go and make are needed, but for the tests' servers: see scripts/services.

GO ?= go
# For every target that tests: make test TESTFLAGS='-run Database -v'
TESTFLAGS ?=
FUZZTIME ?= 20s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# For make demo: DEMO='--break database'
DEMO ?=
MAJORS := 13 14 15 16 17 18
PLATFORMS := linux-amd64 linux-arm64 darwin-amd64 darwin-arm64 windows-amd64 windows-arm64
# A release's. CI only wants to know that all builds, and without -trimpath go shares what it compiled for go vet.
BUILDFLAGS ?= -trimpath -ldflags '-s -w'
BUILD := CGO_ENABLED=0 $(GO) build $(BUILDFLAGS)

.DEFAULT_GOAL := help
.PHONY: help build test test-matrix race format format-check tidy vet staticcheck vuln lint cross demo bench bench-history-year bench-history-rate test-kills fuzz docs down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

build: ## build ./vitals, one static program
	$(BUILD) -o vitals ./cmd/vitals

demo: build ## see all of it on a made-up platform; make demo DEMO='--break redis' breaks a part of it
	@./vitals demo $(DEMO)

test: ## run every test, on a PostgreSQL and a Redis that it starts and stops
	@scripts/services run -- $(GO) test $(TESTFLAGS) ./...

test-matrix: ## run the database tests on PostgreSQL 13 to 18
	@failed=; for major in $(MAJORS); do \
		echo "PostgreSQL $$major"; \
		scripts/services run --major $$major -- $(GO) test -count=1 $(TESTFLAGS) ./checks/postgres/... ./internal/history/... || failed="$$failed $$major"; \
	done; [ -z "$$failed" ] || { echo "failed on PostgreSQL$$failed"; exit 1; }

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

cross: $(PLATFORMS:%=cross-%) ## build for Linux, macOS and Windows on amd64 and arm64, into dist

cross-%:
	GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) $(BUILD) -o dist/vitals-$*$(if $(findstring windows,$*),.exe) ./cmd/vitals

bench: ## compare with other programs on this machine, and load /health
	@scripts/services install monitoring-plugins-basic monitoring-plugins-standard check-postgres
	@scripts/services run -- $(GO) run ./scripts/bench check health

bench-history-year: ## how large a year of 50 checks a minute is on the disk (some minutes)
	@$(GO) run ./scripts/bench/history year

bench-history-rate: ## record 10,000 samples a second for five minutes
	@$(GO) run ./scripts/bench/history -for 5m rate

fuzz: ## fuzz every fuzz test for FUZZTIME each (20s)
	@set -e; for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n 1 dirname | sort -u); do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$package/*_test.go | cut -c6-); do \
			echo "$$package $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

docs: ## write docs/reference, configs/vitals.yaml and what the stack reads of Vitals anew from the code
	@rm -rf docs/reference
	$(GO) run ./cmd/vitals man --format markdown --dir docs/reference
	$(GO) test ./configs -run DefaultFile -update
	@VITALS_CONFIG= $(GO) run ./cmd/vitals dashboard rules > configs/stack/rules.yml
	@VITALS_CONFIG= $(GO) run ./cmd/vitals dashboard grafana --datasource prometheus > configs/stack/grafana/vitals.json

down: ## stop the tests' servers that scripts/services up, or a bare go test, left running
	@scripts/services down

clean: down ## remove what was built, and stop the tests' servers
	rm -rf vitals dist
