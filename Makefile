# `make help` lists what there is to make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/osapi-profile
export PATH := $(CACHE)/go/bin:$(PATH):/usr/local/go/bin
# Static binaries run in the guest as they are.
export CGO_ENABLED := 0

LINT := $(CACHE)/bin/golangci-lint-v2.15.0
# Sources of the binary, with what go:embed takes into it.
SOURCES = $(shell find bpf cmd prove synth trace -name '*.go' -o -name '*.o' -o -name 'program_*' -o -path 'synth/html/page/*') go.mod go.sum
SCRIPTS = $(shell git ls-files -z | xargs -0 awk 'FNR == 1 && /^\#!\/bin\/(ba)?sh/ { print FILENAME } { nextfile }')
DIR ?= .

.PHONY: build deps generate generate-check test test-fast test-pair test-slow sweep proof kernels lint fmt fmt-check bench demo vm docs docs-fmt docs-check release-docs tools package clean help

build: osapi-profile ## build ./osapi-profile

osapi-profile: $(SOURCES)
	@command -v go >/dev/null || { echo "no Go; sudo .ci/deps go fetches it" >&2; exit 1; }
	go build -trimpath -o $@ ./cmd/osapi-profile

deps: ## install the Debian packages that the other targets need, and Go if missing (root)
	.ci/deps all

generate: ## rebuild the BPF objects, the program of forbidden acts and everything else that is generated
	go generate ./...

generate-check: generate ## fail when what is committed differs from what is generated
	@changes=$$(git status --porcelain); \
	if [ -n "$$changes" ]; then echo "generated files are stale; commit these:"; echo "$$changes"; git diff; exit 1; fi

test: test-fast test-pair test-slow ## run all tests, as root for those of the kernel; nothing is installed

test-fast: build ## unit tests, fuzz seeds, golden files, command line, probes
	go test -timeout=30m $$(go list ./... | grep -Ev '/osapi-profile/(test/|proof$$)')

# An emulated guest takes one processor: two of these go on at a time, with one guest
# each, those that take longest first.
PAIR := ./test/kernels ./test/prove ./test/attach ./test/apparmor ./test/recall ./test/readback ./test/enforce ./test/packaging ./proof

test-pair: build ## tests that mostly wait for a guest
	go test -count=1 -p=2 -parallel=1 -timeout=90m $(PAIR)

test-slow: build ## tests against strace and in a browser, of plans and of what goes wrong
	go test -count=1 -p=1 -timeout=90m $$(go list ./test/... | grep -Ev '/($(subst $() ,|,$(PAIR:./%=%)))$$')

sweep: ## take capabilities away from real daemons, DAEMONS="..." or all, and write what that shows into its page (root)
	go run ./test/sweep $(if $(DAEMONS),,-write docs/docs/sidebar/capability-sweep.md) $(DAEMONS)

PROOF_PAGE := docs/docs/sidebar/proof-matrix.md

proof: ## run real daemons again under their own profiles, DAEMONS="..." or all; PROOF=guest: under AppArmor too; VM_SUITE=trixie: of Debian 13; CHILDREN=yes: with AppArmor profiles for each program; MINIMIZE=yes: without one capability after another; OSAPI_FEBRUARY=FILE OSAPI_AGENT=FILE: OSAPI's workers instead, as OSAPI_AS=root or osapi alone (root)
ifneq ($(OSAPI_FEBRUARY)$(OSAPI_AGENT),)
	go run ./proof/osapi $(if $(filter guest,$(PROOF)),-guest) $(if $(OSAPI_AS),-as $(OSAPI_AS)) -write $(PROOF_PAGE) -february '$(OSAPI_FEBRUARY)' -agent '$(OSAPI_AGENT)'
else
	go run ./proof $(if $(filter guest,$(PROOF)),-guest) $(if $(CHILDREN),-children) $(if $(MINIMIZE),-minimize -write docs/docs/sidebar/minimize.md,-write $(PROOF_PAGE)) $(DAEMONS)
endif

kernels: ## go through the table of actions on each kernel and path of probes, half an hour, and write what came of it into its page (root)
	go test -count=1 -timeout=90m ./test/kernels -run TestKernels -write -v

lint: fmt-check $(LINT) ## check Go and shell sources
	$(LINT) run
	shellcheck --external-sources $(SCRIPTS)

$(LINT):
	GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(lastword $(subst -, ,$@))
	mv $(CACHE)/bin/golangci-lint $@

fmt: ## format the Go sources
	gofmt -w $$(git ls-files '*.go')

fmt-check: ## fail when a Go source is not formatted
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi

bench: build ## measure what recording costs, next to nothing, empty programs and strace (root)
	go run ./bench

demo: ## record a real daemon and print its profiles, KEEP=DIR keeps them; installs what is missing (root)
	@.ci/deps demo
	@if ! $(MAKE) --question osapi-profile; then .ci/deps go && $(MAKE) --no-print-directory build >&2; fi
	@demo/run $(KEEP)

vm: ## run CMD="..." in the throw-away guest, with DIR (default .) as /job; VM_SUITE=trixie VM_KERNEL=trixie-backports: another one
	@test/vm/vm.sh run '$(DIR)' -- bash -c '$(subst ','\'',$(CMD))'

docs: docs/node_modules ## build the guide's site into docs/build, without a warning or a broken link (npm)
	cd docs && npm run --silent format:check
	cd docs && npm run --silent build 2>&1 | tee /dev/stderr | { ! grep '\[WARNING\]' >/dev/null; }

docs/node_modules: docs/package.json docs/package-lock.json
	cd docs && npm ci --ignore-scripts
	touch $@

tools: $(LINT) docs/node_modules ## install the linter and the site's modules, without which some tests are skipped

docs-fmt: docs/node_modules ## format the pages
	cd docs && npm run --silent format

docs-check: build ## fail when a generated region of the pages is stale
	./osapi-profile docs --check $$(git ls-files 'docs/*.md')

release-docs: build ## renew the pages for a release (OSAPI=FILE: from a new recording); fail when one was stale or a privilege grew unacknowledged
	.ci/release-docs

package: ## build binaries, a .deb and checksums for amd64 and arm64 into dist/
	packaging/build.sh dist

clean: ## remove what was built; the cache of images and tools stays
	rm -rf osapi-profile dist docs/build docs/.docusaurus

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
