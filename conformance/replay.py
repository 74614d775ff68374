"""Replays a scenario of HTTP requests: replay.py FILE. It needs Python alone.

Each step of the file has `request` (method and path), `body` if it sends one, the `status` that has to come, `has` (JSON
Pointers into the response and what stands there), `lacks` (pointers to nothing), and `keep`: names for values of the response,
which later steps have in braces. `as` is the credential, the owner's if not given. LD_HOST and LD_ACCESS_TOKEN say where.
"""

import json
import os
import sys
import urllib.error
import urllib.request

kept = {}


def filled(value):
    """`value` with what was kept in the place of names in braces."""
    text = json.dumps(value)
    for name, found in kept.items():
        text = text.replace("{%s}" % name, found)
    return json.loads(text)


def at(value, pointer):
    for part in pointer.split("/")[1:]:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def send(step):
    method, path = step["request"].split(" ")
    body = json.dumps(step["body"]).encode() if "body" in step else None if method in ("GET", "DELETE") else b""
    headers = {"Authorization": step.get("as", os.environ["LD_ACCESS_TOKEN"]), "LD-API-Version": "20240415"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(os.environ["LD_HOST"] + path, method=method, data=body, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


with open(sys.argv[1]) as file:
    steps = json.load(file)
for number, raw in enumerate(steps, 1):
    step = filled(raw)
    status, body = send(step)
    where = f"step {number}, {step['why']}: {step['request']}"
    assert status == step["status"], f"{where}: {status}, not {step['status']}: {body.decode()}"
    answer = json.loads(body) if body else None
    for pointer, wanted in step.get("has", {}).items():
        assert at(answer, pointer) == wanted, f"{where}: {pointer} is {at(answer, pointer)}, not {wanted}"
    for pointer in step.get("lacks", []):
        # The vendor may write null or an empty list for what is absent.
        assert not at(answer, pointer), f"{where}: {pointer} is {at(answer, pointer)}"
    for name, pointer in step.get("keep", {}).items():
        kept[name] = at(answer, pointer)
