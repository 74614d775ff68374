// All six operations by the vendor's TypeScript client (launchdarkly-api-typescript on npm), as it is.
// LD_HOST, LD_LIMITED_HOST (three requests in ten seconds), LD_CROWDED_HOST (three from an address), LD_FAULTS (the first
// one's admin endpoint) and LD_ACCESS_TOKEN say where.
"use strict";
const assert = require("node:assert");
const { AccessTokensApi, Configuration } = require("launchdarkly-api-typescript");

const owner = client(process.env.LD_ACCESS_TOKEN);

function client(secret, host = process.env.LD_HOST) {
    return new AccessTokensApi(new Configuration({ apiKey: secret, basePath: host }));
}

async function refused(status, call) {
    const error = await call.then(() => assert.fail("it was not refused"), (error) => error);
    assert.strictEqual(error.response?.status, status, String(error));
    assert.ok(error.response.data.code && error.response.data.message);
    return error;
}

async function main() {
    const made = [];
    for (let number = 0; number < 5; number++) {
        made.push((await owner.postToken({ name: `typescript ${number}`, role: "reader", serviceToken: true })).data);
    }
    const token = made[0];
    assert.match(token.token, /^api-/);

    const seen = [];
    for (let offset = 0; ; offset += 2) {
        const page = (await owner.getTokens(true, 2, offset)).data;
        seen.push(...page.items.map((item) => item._id));
        if (!page._links.next) {
            assert.strictEqual(seen.length, page.totalCount);
            break;
        }
    }
    assert.strictEqual(new Set(seen).size, seen.length);

    assert.strictEqual((await owner.getToken(token._id)).data.token, token.token.slice(-4));
    const rename = [{ op: "replace", path: "/name", value: "renamed" }];
    assert.strictEqual((await owner.patchToken(token._id, rename)).data.name, "renamed");

    const reset = (await owner.resetToken(token._id, Date.now() + 60_000)).data;
    for (const secret of [token.token, reset.token]) {
        assert.strictEqual((await client(secret).getToken(token._id)).data.name, "renamed");
    }
    const overlapping = (await owner.resetToken(token._id, Date.now() + 1_000)).data;
    const deadline = Date.now() + 10_000;
    for (let works = true; works; ) {
        works = await client(reset.token).getToken(token._id).then(() => true, (error) => error.response?.status !== 401);
        assert.ok(Date.now() < deadline, "the old secret outlives its expiry");
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await refused(401, client(token.token).getToken(token._id));
    assert.strictEqual((await client(overlapping.token).getToken(token._id)).status, 200);
    const again = (await owner.resetToken(token._id)).data;
    await refused(401, client(overlapping.token).getToken(token._id));

    await refused(400, owner.postToken({ name: "no permissions" }));
    await refused(401, client("nonsense").getTokens());
    await refused(403, client(again.token).deleteToken(token._id));
    await refused(404, owner.getToken("0123456789abcdef01234567"));
    await fetch(process.env.LD_FAULTS, { method: "POST", body: "patchToken status=409 times=1" });
    await refused(409, owner.patchToken(token._id, rename));
    await refused(422, owner.patchToken(token._id, [{ op: "test", path: "/name", value: "other" }]));
    for (const { _id } of made) {
        assert.strictEqual((await owner.deleteToken(_id)).status, 204);
    }
    await refused(404, owner.deleteToken(token._id));

    for (const [host, header] of [["LD_LIMITED_HOST", "x-ratelimit-reset"], ["LD_CROWDED_HOST", "retry-after"]]) {
        const limited = client(process.env.LD_ACCESS_TOKEN, process.env[host]);
        // A window may end meanwhile, but not twice.
        const error = await refused(429, (async () => { for (let n = 0; n < 8; n++) await limited.getTokens(); })());
        assert.ok(error.response.headers[header]);
    }
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
