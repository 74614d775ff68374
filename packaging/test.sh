#!/usr/bin/env bash
# Tests what a release does with its builds, with a script in place of the command: archives, installer, Homebrew formula.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r packaging README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$work"
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Each archive has its checksum.
targets="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin"
for target in $targets; do
    mkdir -p "target/$target/dist"
    printf '#!/bin/sh\necho "built for %s"\n' "$target" >"target/$target/dist/ldtokens"
    chmod +x "target/$target/dist/ldtokens"
    packaging/archive.sh "$target"
done

# The installer installs the build for this machine, and refuses an archive that another one was put in place of.
export LDTOKENS_RELEASES=file://$work/dist LDTOKENS_INSTALL_DIR=$work/bin
sh packaging/install.sh
machine=$(uname -m)
"$work/bin/ldtokens" | grep --quiet "built for ${machine/arm64/aarch64}-" || fail "another machine's build was installed"
rm "$work/bin/ldtokens"
cp -r dist other
for target in $targets; do
    printf '#!/bin/sh\necho other\n' >"target/$target/dist/ldtokens"
    packaging/archive.sh "$target"
    mv "dist/ldtokens-$target.tar.gz" other/
done
cp other/*.sha256 dist/
if LDTOKENS_RELEASES=file://$work/other sh packaging/install.sh 2>/dev/null; then fail "another archive was installed"; fi
[ ! -e "$work/bin/ldtokens" ] || fail "another archive was installed"

# The formula has the version, and each archive with its own checksum.
packaging/formula.sh 1.2.3-rc.1 dist >formula.rb
for target in $targets; do
    url=https://github.com/ldtokens/ldtokens/releases/download/v1.2.3-rc.1/ldtokens-$target.tar.gz
    checksum=$(grep --after-context=1 --fixed-strings "url \"$url\"" formula.rb | sed -n 's/.*sha256 "\(.*\)"/\1/p')
    [ "$checksum" = "$(cut -d ' ' -f 1 "dist/ldtokens-$target.tar.gz.sha256")" ] || fail "the checksum of $target is wrong"
done
grep --quiet 'version "1.2.3-rc.1"' formula.rb || fail "the formula has another version"
! grep --quiet @ formula.rb || fail "a placeholder is left in the formula"
if command -v ruby >/dev/null; then ruby -c formula.rb >/dev/null; else echo "skipped ruby -c: there is no ruby"; fi
rm dist/ldtokens-x86_64-apple-darwin.tar.gz.sha256
if packaging/formula.sh 1.2.3 dist >/dev/null 2>&1; then fail "a missing checksum was not noticed"; fi
echo "passed"
