# What people and CI run. CI has no commands of its own.

.PHONY: check test bench build peers

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

# Needs the vulnerability database: not part of check, which must run without a network.
vulncheck:
	go tool govulncheck ./...
