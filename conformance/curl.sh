#!/usr/bin/env bash
# All six operations by curl. LD_HOST, LD_LIMITED_HOST (three requests in ten seconds) and LD_ACCESS_TOKEN say where.
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
expect 200 "$LD_ACCESS_TOKEN" POST "$tokens/$id/reset"
third=$(field token)
expect 401 "$second" GET "$tokens/$id"
expect 403 "$third" DELETE "$tokens/$id"
expect 400 "$LD_ACCESS_TOKEN" POST "$tokens" 'nonsense'
expect 400 "$LD_ACCESS_TOKEN" GET "$tokens?limit=none"
expect 401 nonsense GET "$tokens"
expect 404 "$LD_ACCESS_TOKEN" GET "$tokens/0123456789abcdef01234567"
expect 405 "$LD_ACCESS_TOKEN" PUT "$tokens"
expect 422 "$LD_ACCESS_TOKEN" PATCH "$tokens/$id" '[{"op": "test", "path": "/name", "value": "other"}]'
expect 204 "$LD_ACCESS_TOKEN" DELETE "$tokens/$id"
expect 404 "$LD_ACCESS_TOKEN" DELETE "$tokens/$id"
for _ in 1 2 3 4; do
    status=$(curl --silent --output "$body" --write-out '%{http_code}' --header "Authorization: $LD_ACCESS_TOKEN" "$LD_LIMITED_HOST/api/v2/tokens")
done
[ "$status" = 429 ] && grep -q rate_limited "$body"
