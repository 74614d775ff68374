#!/bin/sh
# Installs the newest release of ldtokens, or the version in LDTOKENS_VERSION, into LDTOKENS_INSTALL_DIR
# (without it into ~/.local/bin), after checking the archive's SHA-256.
set -eu

fail() {
    echo "ldtokens-installer: $*" >&2
    exit 1
}

repository=https://github.com/ldtokens/ldtokens
folder=${LDTOKENS_INSTALL_DIR:-$HOME/.local/bin}
if [ -n "${LDTOKENS_VERSION:-}" ]; then
    releases=$repository/releases/download/v${LDTOKENS_VERSION#v}
else
    releases=$repository/releases/latest/download
fi
releases=${LDTOKENS_RELEASES:-$releases} # a mirror

case $(uname -s) in
Linux) system=unknown-linux-gnu ;;
Darwin) system=apple-darwin ;;
*) fail "there is no build for $(uname -s); use cargo install ldtokens-cli" ;;
esac
case $(uname -m) in
x86_64 | amd64) machine=x86_64 ;;
aarch64 | arm64) machine=aarch64 ;;
*) fail "there is no build for $(uname -m); use cargo install ldtokens-cli" ;;
esac
name=ldtokens-$machine-$system
archive=$name.tar.gz

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in "$archive" "$archive.sha256"; do
    curl --proto '=https,file' --fail --silent --show-error --location --output "$work/$file" "$releases/$file" ||
        fail "can't download $releases/$file"
done
cd "$work"
if command -v sha256sum >/dev/null; then
    sha256sum --check --quiet "$archive.sha256" >&2 || fail "the SHA-256 of $archive is wrong; nothing was installed"
else
    shasum -a 256 --check --quiet "$archive.sha256" >&2 || fail "the SHA-256 of $archive is wrong; nothing was installed"
fi
tar -xzf "$archive"
mkdir -p "$folder"
# Renamed into place, so that a running ldtokens is not written over.
cp "$name/ldtokens" "$folder/.ldtokens.new"
chmod 755 "$folder/.ldtokens.new"
mv "$folder/.ldtokens.new" "$folder/ldtokens"
echo "installed $folder/ldtokens"
case :$PATH: in
*:"$folder":*) ;;
*) echo "$folder is not in PATH" ;;
esac
