"""The worker for the vendor's Python client (launchdarkly-api on PyPI)."""

import os
import sys
import time

import launchdarkly_api
from launchdarkly_api.api.access_tokens_api import AccessTokensApi

configuration = launchdarkly_api.Configuration(
    host=os.environ["BENCH_HOST"], api_key={"ApiKey": os.environ["LD_ACCESS_TOKEN"]}
)
api = AccessTokensApi(launchdarkly_api.ApiClient(configuration))
for line in sys.stdin:
    what, times = line.split()
    begun = time.perf_counter()
    for _ in range(int(times)):
        if what == "call":
            api.get_token(os.environ["BENCH_TOKEN"])
        elif what == "list":
            count, total = 0, 1
            while count < total:
                page = api.get_tokens(show_all=True, limit=1000, offset=count)
                count, total = count + len(page.items), page.total_count
        else:
            assert len(api.get_tokens(show_all=True, limit=1000).items) == 1000
    print((time.perf_counter() - begun) / int(times), flush=True)
