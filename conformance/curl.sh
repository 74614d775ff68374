#!/usr/bin/env bash
# All six operations by curl.
# LD_HOST, LD_LIMITED_HOST (three requests in ten seconds), LD_CROWDED_HOST (three from an address), LD_FAULTS (the first
# one's admin endpoint) and LD_ACCESS_TOKEN say where.
set -euo pipefail
tokens=$LD_HOST/api/v2/tokens
body=$(mktemp)
trap 'rm -f "$body"' EXIT

# Sends a request, and fails unless the answer has the status.
expect() { # STATUS SECRET METHOD URL [BODY]
    local status
    status=$(curl --silent --output "$body" --write-out '%{http_code}' --request "$3" \
        --header "Authorization: $2" --header 'Content-Type: application/json' ${5:+--data "$5"} "$4")
    [ "$status" = "$1" ] || { echo "curl: $3 $4 answered $status, not $1: $(cat "$body")" >&2; exit 1; }
}
field() { grep -o "\"$1\":\"[^\"]*\"" "$body" | head -n 1 | cut -d '"' -f 4; }

expect 201 "$LD_ACCESS_TOKEN" POST "$tokens" '{"name": "curl", "role": "reader", "serviceToken": true}'
id=$(field _id) secret=$(field token)
expect 200 "$secret" GET "$tokens/$id"
expect 200 "$LD_ACCESS_TOKEN" GET "$tokens?limit=1&showAll=true"
grep -q '"next"' "$body"
expect 200 "$LD_ACCESS_TOKEN" PATCH "$tokens/$id" '[{"op": "replace", "path": "/name", "value": "renamed"}]'
grep -q '"name":"renamed"' "$body"
expect 200 "$LD_ACCESS_TOKEN" PATCH "$tokens/$id" '{"comment": "why", "patch": [{"op": "test", "path": "/name", "value": "renamed"}]}'
expect 200 "$LD_ACCESS_TOKEN" POST "$tokens/$id/reset?expiry=$(($(date +%s) * 1000 + 60000))"
second=$(field token)
expect 200 "$secret" GET "$tokens/$id"
expect 200 "$second" GET "$tokens/$id"
expect 200 "$LD_ACCESS_TOKEN" POST "$tokens/$id/reset?expiry=$(($(date +%s) * 1000 + 2000))"
third=$(field token)
for _ in $(seq 100); do
    (expect 401 "$second" GET "$tokens/$id") 2>/dev/null && break
    sleep 0.1
done
expect 401 "$second" GET "$tokens/$id"
expect 401 "$secret" GET "$tokens/$id"
expect 200 "$third" GET "$tokens/$id"
expect 200 "$LD_ACCESS_TOKEN" POST "$tokens/$id/reset"
fourth=$(field token)
expect 401 "$third" GET "$tokens/$id"
expect 403 "$fourth" DELETE "$tokens/$id"
expect 400 "$LD_ACCESS_TOKEN" POST "$tokens" 'nonsense'
expect 400 "$LD_ACCESS_TOKEN" GET "$tokens?limit=none"
expect 401 nonsense GET "$tokens"
expect 404 "$LD_ACCESS_TOKEN" GET "$tokens/0123456789abcdef01234567"
expect 405 "$LD_ACCESS_TOKEN" PUT "$tokens"
curl --silent --fail --output "$body" --data 'patchToken status=409 times=1' "$LD_FAULTS"
expect 409 "$LD_ACCESS_TOKEN" PATCH "$tokens/$id" '[{"op": "replace", "path": "/name", "value": "late"}]'
grep -q optimistic_locking_error "$body"
expect 422 "$LD_ACCESS_TOKEN" PATCH "$tokens/$id" '[{"op": "test", "path": "/name", "value": "other"}]'
expect 204 "$LD_ACCESS_TOKEN" DELETE "$tokens/$id"
expect 404 "$LD_ACCESS_TOKEN" DELETE "$tokens/$id"
# A window may end meanwhile, but not twice.
for limited in "$LD_LIMITED_HOST x-ratelimit-reset" "$LD_CROWDED_HOST retry-after"; do
    for _ in 1 2 3 4 5 6 7 8; do
        curl --silent --include --header "Authorization: $LD_ACCESS_TOKEN" "${limited% *}/api/v2/tokens" >"$body"
        ! grep -q '^HTTP/1.1 429' "$body" || break
    done
    grep -q rate_limited "$body" && grep -qi "^${limited#* }: [0-9]" "$body"
done
