# `ldtokens serve` in a container, for tests. Not for production: it is a local LaunchDarkly.
#
#   docker build -t ldtokens .
#   docker run --rm -p 127.0.0.1:8765:8765 -e LDTOKENS_ROOT_TOKEN=api-00000000-0000-4000-8000-000000000000 ldtokens
FROM rust:1-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package ldtokens-cli && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/ldtokens /usr/local/bin/ldtokens
COPY --from=build --chown=nonroot:nonroot /data /data
VOLUME /data
EXPOSE 8765
COPY --from=busybox:1.37-musl /bin/busybox /busybox
HEALTHCHECK --interval=10s --timeout=3s CMD ["/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8765/healthz"]
ENTRYPOINT ["/usr/local/bin/ldtokens"]
CMD ["serve", "--listen", "0.0.0.0:8765", "--store", "/data/ld.db"]
