# imgsvc and nothing else: a static program, certificate authorities, and a folder for an embedded store.
#
#     docker build --build-arg VERSION=v1.0.0 -t imgsvc .
#     docker run --rm -v imgsvc-data:/data imgsvc seed --records 1000000
#     docker run --rm -v imgsvc-data:/data -p 127.0.0.1:3000:3000 imgsvc

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS=linux TARGETARCH=amd64 VERSION=devel
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.release=$VERSION" -o /out/imgsvc ./cmd/imgsvc
RUN mkdir /out/data

FROM scratch
ARG VERSION=devel
LABEL org.opencontainers.image.title="imgsvc" org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.licenses="MIT"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/imgsvc /imgsvc
# A number, so that Kubernetes can tell that it is not root.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV IMGSVC_ADDR=:3000
EXPOSE 3000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/imgsvc"]
CMD ["serve"]
