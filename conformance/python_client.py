"""All six operations by the vendor's Python client (launchdarkly-api on PyPI), as it is.

LD_HOST, LD_LIMITED_HOST (three requests in ten seconds) and LD_ACCESS_TOKEN say where.
"""

import os
import time

import launchdarkly_api
from launchdarkly_api.api.access_tokens_api import AccessTokensApi
from launchdarkly_api.models import AccessTokenPost, PatchOperation

OWNER = os.environ["LD_ACCESS_TOKEN"]


def client(secret, host=os.environ["LD_HOST"]):
    configuration = launchdarkly_api.Configuration(host=host, api_key={"ApiKey": secret}, retries=False)
    return AccessTokensApi(launchdarkly_api.ApiClient(configuration))


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except launchdarkly_api.ApiException as error:
        assert error.status == status, f"{error.status}, not {status}: {error.body}"
        assert '"code"' in error.body and '"message"' in error.body, error.body
    else:
        raise AssertionError(f"{call} was not refused")


owner = client(OWNER)
made = [owner.post_token(AccessTokenPost(name=f"python {n}", role="reader", service_token=True)) for n in range(5)]
token = made[0]
assert token.token.startswith("api-") and token.service_token and token.role == "reader", token

seen, offset = [], 0
while True:
    page = owner.get_tokens(show_all=True, limit=2, offset=offset)
    seen += [item.id for item in page.items]
    offset += 2
    if "next" not in page.links:
        break
assert len(seen) == len(set(seen)) == page.total_count, seen
assert {made_token.id for made_token in made} <= set(seen)

read = owner.get_token(token.id)
assert read.token == token.token[-4:] and read.member.email, read
rename = [PatchOperation(op="replace", path="/name", value="renamed")]
assert owner.patch_token(token.id, rename).name == "renamed"
assert owner.get_token(token.id).name == "renamed"

reset = owner.reset_token(token.id, expiry=int(time.time() * 1000) + 60_000)
assert client(token.token).get_token(token.id).id == client(reset.token).get_token(token.id).id
again = owner.reset_token(token.id)
refused(401, client(reset.token).get_token, token.id)

refused(400, owner.post_token, AccessTokenPost(name="no permissions"))
refused(401, client("nonsense").get_tokens)
refused(403, client(again.token).delete_token, token.id)
refused(404, owner.get_token, "0123456789abcdef01234567")
refused(422, owner.patch_token, token.id, [PatchOperation(op="test", path="/name", value="other")])
for made_token in made:
    assert owner.delete_token(made_token.id) is None
refused(404, owner.delete_token, token.id)

limited = client(OWNER, os.environ["LD_LIMITED_HOST"])
try:
    for _ in range(4):
        limited.get_tokens()
except launchdarkly_api.ApiException as error:
    assert error.status == 429 and "X-Ratelimit-Reset" in error.headers, error
else:
    raise AssertionError("four requests in a window of three")
