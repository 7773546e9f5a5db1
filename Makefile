# SPDX-License-Identifier: Apache-2.0
# Every target is one visible command; what is longer is in Scripts/.

.DEFAULT_GOAL := quick
.PHONY: quick setup build dev test simulate interop api docs format lint bench \
	bench-issue bench-registry bench-logins load seeds fuzz asan tsan clean

# Words that mark the slow suites, left out of `make`.
SLOW := Wire|Interop|Simulation|Command|Load
ONLY ?=
TARGET ?=
ARGUMENTS ?=
SECONDS ?= 60
JOBS ?= 1
SEED ?=
FROM ?= 1
MODE ?= debug
SWIFT_FILES := Package.swift Sources Tests Fuzz Benchmarks

# The client's tests are asynchronous and have time limits; the others hold the
# threads that they need. So they go first, alone.
FIRST := SealClientTests
in_turns = $(if $(ONLY),$(1) --filter '$(ONLY)',\
	$(1) --filter '$(FIRST)' && $(1) --skip-build --skip '$(FIRST)')

# The same order of Swift's tables in every process, so that seeds can be replayed.
test simulate asan tsan: export SWIFT_DETERMINISTIC_HASHING := 1

## build, quick tests, lint
quick: build lint
	swift test --skip '$(SLOW)'

## system packages and Python clients
setup:
	Scripts/setup test

## .build/release/sealwired and .build/release/sealwire
build:
	Scripts/setup build
	swift build -c release --static-swift-stdlib --product sealwired
	swift build -c release --static-swift-stdlib --product sealwire

## a broker with a throw-away CA on loopback
dev: build
	.build/release/sealwired dev

## every test, or those matching ONLY
test: setup
	$(call in_turns,swift test)
	Scripts/interop '$(ONLY)'

## real clients against a debug build, a line for each scenario
interop: setup
	Scripts/interop '$(ONLY)'

## the REST API of a debug build: generated requests, many clients, large files
api: setup
	Scripts/api '$(ONLY)'

## one SEED of the simulation again, or new ones FROM a seed for some SECONDS
simulate:
	SEALWIRE_SIMULATE_SEED=$(SEED) SEALWIRE_SIMULATE_FROM=$(FROM) \
	SEALWIRE_SIMULATE_SECONDS=$(SECONDS) \
	swift test -c $(MODE) $(if $(filter release,$(MODE)),-Xswiftc -enable-testing) \
	--filter SimulationTests.promises

## the generated pages in Documentation/
docs:
	SEALWIRE_WRITE_DOCS=1 swift test --filter referencePage

format:
	swift format -i -p -r $(SWIFT_FILES)

lint:
	swift format lint --strict -p -r $(SWIFT_FILES)
	for script in $(wildcard Scripts/* .ci/run Tests/Seeds/*.sh); do bash -n $$script || exit 1; done

## this machine's figures beside mosquitto's
bench: build
	Scripts/bench $(ARGUMENTS)

## what issuing certificates costs, beside a bare loop over OpenSSL and openssl ca
bench-issue: build
	Scripts/bench-issue $(ARGUMENTS)

## what the look-ups of a login cost with 100 devices and with a million
bench-registry:
	Scripts/setup build
	swift build -c release --static-swift-stdlib --product registry-bench
	Scripts/bench-registry $(ARGUMENTS)

## what a login costs with a million devices beside the same with a hundred
bench-logins: build
	python3 Benchmarks/logins.py $(ARGUMENTS)

## long loads and faults, or the one named ONLY (hostile: attacks, soak: names that never repeat)
load: build
	Scripts/load $(ONLY)

## the scenarios in Tests/Seeds, a line for each
seeds: build
	Scripts/seeds '$(ONLY)'

## TARGET= some targets, SECONDS= for how long each, JOBS= how many at once
fuzz:
	Scripts/fuzz '$(TARGET)' '$(SECONDS)' '$(JOBS)'

# The rules about our own text run in `make test`; their regular expressions live until the end of
# the process, which LeakSanitizer takes for leaks.
asan: export LSAN_OPTIONS := suppressions=$(CURDIR)/Tests/leaks.txt:print_suppressions=0
asan:
	$(call in_turns,swift test --sanitize=address --scratch-path .build/asan \
	--skip ArchitectureTests)

tsan:
	$(call in_turns,swift test --sanitize=thread -Xswiftc -DSEALWIRE_TSAN --scratch-path .build/tsan)

clean:
	rm -rf .build Fuzz/build
