#!/usr/bin/env bash
# Packs the build of a target into dist/, with its SHA-256.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?usage: packaging/archive.sh TARGET}
name=ldtokens-$target
binary=target/$target/dist/ldtokens
[[ $target != *windows* ]] || binary=$binary.exe

rm -rf "dist/$name"
mkdir -p "dist/$name"
cp "$binary" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "dist/$name/"
cd dist
if [[ $target == *windows* ]]; then
    archive=$name.zip
    7z a -bso0 "$archive" "$name"
else
    archive=$name.tar.gz
    tar -czf "$archive" "$name"
fi
rm -r "$name"
if command -v sha256sum >/dev/null; then sha256sum "$archive"; else shasum -a 256 "$archive"; fi >"$archive.sha256"
