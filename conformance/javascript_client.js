// All six operations by the vendor's JavaScript client (launchdarkly-api on npm), as it is.
// LD_HOST, LD_LIMITED_HOST (three requests in ten seconds), LD_CROWDED_HOST (three from an address), LD_FAULTS (the first
// one's admin endpoint) and LD_ACCESS_TOKEN say where.
"use strict";
const assert = require("node:assert");
const { AccessTokensApi, ApiClient } = require("launchdarkly-api");

function client(secret, host = process.env.LD_HOST) {
    const api = new ApiClient(host);
    api.authentications.ApiKey.apiKey = secret;
    const tokens = new AccessTokensApi(api);
    // It takes a callback; the response comes beside the value.
    return (operation, ...parameters) =>
        new Promise((resolve, reject) =>
            tokens[operation](...parameters, (error, value, response) =>
                error ? reject(error) : resolve({ value, response }),
            ),
        );
}

const owner = client(process.env.LD_ACCESS_TOKEN);

async function refused(status, call) {
    const error = await call.then(() => assert.fail("it was not refused"), (error) => error);
    assert.strictEqual(error.status, status, String(error));
    assert.ok(error.response.body.code && error.response.body.message);
    return error;
}

async function main() {
    const made = [];
    for (let number = 0; number < 5; number++) {
        const body = { name: `javascript ${number}`, role: "reader", serviceToken: true };
        made.push((await owner("postToken", body)).value);
    }
    const token = made[0];
    assert.match(token.token, /^api-/);

    const list = (await owner("getTokens", { showAll: true })).value;
    const seen = new Set(list.items.map((item) => item._id));
    assert.ok(made.every((item) => seen.has(item._id)));

    assert.strictEqual((await owner("getToken", token._id)).value.token, token.token.slice(-4));
    const rename = [{ op: "replace", path: "/name", value: "renamed" }];
    assert.strictEqual((await owner("patchToken", token._id, rename)).value.name, "renamed");

    const reset = (await owner("resetToken", token._id, { expiry: Date.now() + 60_000 })).value;
    for (const secret of [token.token, reset.token]) {
        assert.strictEqual((await client(secret)("getToken", token._id)).value.name, "renamed");
    }
    // Fact 1: it sends no Content-Type with a reset.
    const again = (await owner("resetToken", token._id, {})).value;
    await refused(401, client(reset.token)("getToken", token._id));
    assert.strictEqual((await client(again.token)("getToken", token._id)).response.status, 200);

    await refused(400, owner("postToken", { name: "no permissions" }));
    await refused(401, client("nonsense")("getTokens", {}));
    await refused(403, client(again.token)("deleteToken", token._id));
    await refused(404, owner("getToken", "0123456789abcdef01234567"));
    await fetch(process.env.LD_FAULTS, { method: "POST", body: "patchToken status=409 times=1" });
    await refused(409, owner("patchToken", token._id, rename));
    await refused(422, owner("patchToken", token._id, [{ op: "test", path: "/name", value: "other" }]));
    for (const { _id } of made) {
        assert.strictEqual((await owner("deleteToken", _id)).response.status, 204);
    }
    await refused(404, owner("deleteToken", token._id));

    for (const [host, header] of [["LD_LIMITED_HOST", "x-ratelimit-reset"], ["LD_CROWDED_HOST", "retry-after"]]) {
        const limited = client(process.env.LD_ACCESS_TOKEN, process.env[host]);
        // A window may end meanwhile, but not twice.
        const error = await refused(429, (async () => { for (let n = 0; n < 8; n++) await limited("getTokens", {}); })());
        assert.ok(error.response.headers[header]);
    }
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
