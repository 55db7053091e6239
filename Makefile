# Waybill. `make run` and `make test` are all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
PRESET ?= release
B := build/$(PRESET)
JOBS ?= $(shell nproc)
QUIET := $(if $(CI),--quiet,)

.PHONY: help build run test bench lint format fuzz docs testbed clean console packages
help:
	@echo 'make build      the program: build/bin/waybill'
	@echo 'make run        builds, plays the first delivery through a fresh Waybill and stays up on http://127.0.0.1:8620'
	@echo 'make test       builds and runs every test; the last line counts them'
	@echo 'make test-NAME  one group: $(shell tools/run-tests --groups 2>/dev/null)'
	@echo 'make bench      the figures of docs/performance.md on this machine'
	@echo 'make lint       clang-format, clang-tidy, header costs, console on Node 18'
	@echo 'make format     lays the C++ out'
	@echo 'make fuzz       a minute of fuzzing for each parser of outside bytes (FUZZ_SECONDS=60)'
	@echo 'make docs       checks the documents: links, commands, figures'
	@echo 'make testbed    installs the real servers that integration tests use, where there are any'
	@echo 'make clean      removes build/ and ui/dist'

packages:
	@tools/install-packages build

console: packages
	@tools/build-console

build: packages console
	@tools/build $(PRESET)

run: build
	@exec tools/run-demo

test:
	@tools/install-packages build test
	@tools/build-console
	@tools/build $(PRESET) tests
	@tools/run-tests

test-%:
	@tools/install-packages build test
	@tools/build-console
	@tools/build $(PRESET) tests
	@tools/run-tests $*

bench:
	@tools/install-packages build
	@tools/build $(PRESET) bench
	@tools/run-bench $(BENCH)

lint:
	@tools/install-packages build test lint
	@tools/lint

format:
	@tools/install-packages lint
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

fuzz:
	@tools/install-packages build fuzz
	@tools/fuzz $(FUZZ)

docs:
	@tools/check-docs

testbed:
	@echo 'No integration test of this version needs more than `make test` installs.'

clean:
	rm -rf build ui/dist
