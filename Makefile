# What people and CI run. CI has no commands of its own.

.PHONY: check test bench build peers gate-sim

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

# imgsvc beside other load generators, which it installs (Debian, npm, Go module proxy). Needs Linux and two quiet cores.
peers:
	go run ./cmd/peers --install

# How often the gate, and the rules of others, cry wolf, on machines of every kind of noise (docs/gate.md): some minutes.
gate-sim:
	IMGSVC_GATE_SIM=$${GATES:-10000} go test -pgo=off -count 1 -timeout 60m -v -run 'TestGateSimulation|TestGateNeedsRestarts|TestGatePower' ./reports

# Needs the vulnerability database: not part of check, which must run without a network.
vulncheck:
	go tool govulncheck ./...
