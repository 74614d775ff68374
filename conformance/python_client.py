"""All six operations by the vendor's Python client (launchdarkly-api on PyPI), as it is, in an old version or a new one.

LD_HOST, LD_LIMITED_HOST (three requests in ten seconds), LD_CROWDED_HOST (three from an address), LD_FAULTS (the first
one's admin endpoint) and LD_ACCESS_TOKEN say where.
"""

import importlib.metadata
import os
import time
import urllib.request

import launchdarkly_api
from launchdarkly_api.api.access_tokens_api import AccessTokensApi
from launchdarkly_api.models import AccessTokenPost, PatchOperation

# Before, it had no parameters for pages.
FIRST_WITH_PAGES = (15,)

OWNER = os.environ["LD_ACCESS_TOKEN"]


def client(secret, host=os.environ["LD_HOST"]):
    configuration = launchdarkly_api.Configuration(host=host, api_key={"ApiKey": secret})
    configuration.retries = False
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

if tuple(map(int, importlib.metadata.version("launchdarkly-api").split("."))) < FIRST_WITH_PAGES:
    # Fact 3: it sends `showAll=True`.
    seen = [item.id for item in owner.get_tokens(show_all=True).items]
else:
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
overlapping = owner.reset_token(token.id, expiry=int(time.time() * 1000) + 1_000)
deadline = time.monotonic() + 10
while True:
    try:
        client(reset.token).get_token(token.id)
        assert time.monotonic() < deadline, "the old secret outlives its expiry"
        time.sleep(0.1)
    except launchdarkly_api.ApiException as error:
        assert error.status == 401, error
        break
refused(401, client(token.token).get_token, token.id)
assert client(overlapping.token).get_token(token.id).id == token.id
again = owner.reset_token(token.id)
refused(401, client(overlapping.token).get_token, token.id)

refused(400, owner.post_token, AccessTokenPost(name="no permissions"))
refused(401, client("nonsense").get_tokens)
refused(403, client(again.token).delete_token, token.id)
refused(404, owner.get_token, "0123456789abcdef01234567")
urllib.request.urlopen(os.environ["LD_FAULTS"], data=b"patchToken status=409 times=1")
refused(409, owner.patch_token, token.id, rename)
refused(422, owner.patch_token, token.id, [PatchOperation(op="test", path="/name", value="other")])
for made_token in made:
    assert owner.delete_token(made_token.id) is None
refused(404, owner.delete_token, token.id)

for host, header in [("LD_LIMITED_HOST", "X-Ratelimit-Reset"), ("LD_CROWDED_HOST", "Retry-After")]:
    limited = client(OWNER, os.environ[host])
    try:
        for _ in range(8):  # a window may end meanwhile, but not twice
            limited.get_tokens()
    except launchdarkly_api.ApiException as error:
        assert error.status == 429 and header in error.headers, error
    else:
        raise AssertionError("eight requests in two windows of three")
