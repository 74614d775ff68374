// The worker of the vendor's TypeScript client (launchdarkly-api-typescript on npm).
"use strict";
const readline = require("node:readline");
const { AccessTokensApi, Configuration } = require("launchdarkly-api-typescript");
const http = require("node:http");
const axios = require("axios");

// Without it the client makes a connection for each request.
const connection = axios.create({ httpAgent: new http.Agent({ keepAlive: true }) });
const configuration = new Configuration({ apiKey: process.env.LD_ACCESS_TOKEN });
const api = new AccessTokensApi(configuration, process.env.BENCH_HOST, connection);

async function main() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [what, times] = line.split(" ");
        const begun = process.hrtime.bigint();
        for (let time = 0; time < Number(times); time++) {
            if (what === "call") {
                await api.getToken(process.env.BENCH_TOKEN);
            } else {
                const page = await api.getTokens(true, 1000);
                if (page.data.items.length !== 1000) throw new Error("the page is not full");
            }
        }
        console.log(Number(process.hrtime.bigint() - begun) / 1e9 / Number(times));
    }
}

main();
