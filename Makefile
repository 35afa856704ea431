# What people and CI run. CI has no commands of its own.

.PHONY: check test bench build peers fuzz soak faults gate-sim

build:
	go build -o imgsvc ./cmd/imgsvc

# Everything that must hold before a change lands.
check:
	@test -z "$$(gofmt -l .)" || { echo "not formatted by gofmt:"; gofmt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod verify
	go test -race -pgo=off ./...
	cd reports/browsertest && go vet . && go test .

test:
	go test ./...

# Speed, as ratios where there is something to compare with.
bench:
	go test -run '^$$' -bench . -benchtime 2s ./...

# Searches with every fuzz target of the module, FUZZTIME each; what it finds is kept in testdata/fuzz and fails go test.
FUZZTIME ?= 60s
FUZZPARALLEL ?= 2
FUZZ ?= .
fuzz:
	@listed=$$(go test -list '^Fuzz' ./...) || { echo "$$listed"; exit 1; }; \
	echo "$$listed" | awk '/^Fuzz/ { name[n++] = $$1 } !/^Fuzz/ { for (i = 0; i < n; i++) print $$2, name[i]; n = 0 }' | \
	grep -E '$(FUZZ)' | while read -r package target; do \
		echo "== $$package $$target"; \
		go test $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x -parallel $(FUZZPARALLEL) || exit 1; \
	done

# Attacks a service whose faults switch on and off, and fails if memory, goroutines or files grow, or counts do not add up.
SOAK ?= 30m
soak:
	go run ./cmd/soak -duration $(SOAK)

# imgsvc beside other load generators, which it installs (Debian, npm, Go module proxy). Needs Linux and two quiet cores.
peers:
	go run ./cmd/peers --install

# What happens to a service when its servers or clients misbehave: a table. Needs redis-server; builds FerretDB.
faults:
	IMGSVC_TEST_REAL=1 IMGSVC_TEST_FAULTS=5s go test -pgo=off ./cmd/imgsvc -run '^TestFaults$$' -count=1 -timeout 30m -v

# How often the gate, and the rules of others, cry wolf, on machines of every kind of noise (docs/gate.md): some minutes.
gate-sim:
	IMGSVC_GATE_SIM=$${GATES:-10000} go test -pgo=off -count 1 -timeout 60m -v -run 'TestGateSimulation|TestGateNeedsRestarts|TestGatePower' ./reports

# Needs the vulnerability database: not part of check, which must run without a network.
vulncheck:
	go tool govulncheck ./...
