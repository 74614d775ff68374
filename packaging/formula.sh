#!/usr/bin/env bash
# Prints the Homebrew formula of a version, with the checksums of the archives in FOLDER.
set -euo pipefail

version=${1:?usage: packaging/formula.sh VERSION FOLDER}
folder=${2:?usage: packaging/formula.sh VERSION FOLDER}
formula=$(<"$(dirname "$0")/formula.rb")

formula=${formula//@VERSION@/$version}
while [[ $formula =~ @SHA256\ ([a-z0-9_-]+)@ ]]; do
    placeholder=${BASH_REMATCH[0]} file=$folder/ldtokens-${BASH_REMATCH[1]}.tar.gz.sha256
    read -r checksum _ <"$file"
    [[ $checksum =~ ^[0-9a-f]{64}$ ]] || { echo "$file has no SHA-256" >&2 && exit 1; }
    formula=${formula//"$placeholder"/$checksum}
done
echo "$formula"
