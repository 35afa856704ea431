# What people and CI run. CI has no commands of its own.

.PHONY: check test bench build peers faults

build:
	go build -o imgsvc ./cmd/imgsvc

# Everything that must hold before a change lands.
check:
	@test -z "$$(gofmt -l .)" || { echo "not formatted by gofmt:"; gofmt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod verify
	go test -race -pgo=off ./...

test:
	go test ./...

# Speed, as ratios where there is something to compare with.
bench:
	go test -run '^$$' -bench . -benchtime 2s ./...

# imgsvc beside other load generators, which it installs (Debian, npm, Go module proxy). Needs Linux and two quiet cores.
peers:
	go run ./cmd/peers --install

# What happens to a service when its servers or clients misbehave: a table. Needs redis-server; builds FerretDB.
faults:
	IMGSVC_TEST_REAL=1 IMGSVC_TEST_FAULTS=5s go test -pgo=off ./cmd/imgsvc -run '^TestFaults$$' -count=1 -timeout 30m -v

# Needs the vulnerability database: not part of check, which must run without a network.
vulncheck:
	go tool govulncheck ./...
