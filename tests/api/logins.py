"""Who asks: what schemathesis calls before each request.

A request that ends its login, or lasts as long as it, gets one of its own; all others share FUZZ_TOKEN.
Never: a request without a login.
"""

import http.client
import json
import os
import threading
import urllib.parse

import schemathesis

# Guesses of the fuzzer fill the limit of its own address; all of 127.0.0.0/8 is this machine.
FROM = "127.0.0.2"
# The stream of events lasts until its login ends.
LISTENING_S = 0.5


def post(address, path, body, headers):
    place = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30, source_address=(FROM, 0))
    connection.request("POST", f"/api/v1/{path}", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{path} answered {answer.status}: {text!r}")
    return text


def log_in():
    words = {"username": "owner", "password": os.environ["FUZZ_PASSWORD"], "token": True}
    text = post(os.environ["FUZZ_ADDRESS"], "login", json.dumps(words), {"Content-Type": "application/json"})
    return json.loads(text)["token"]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def log_out(token):
    post(os.environ["FUZZ_ADDRESS"], "logout", None, bearer(token))


@schemathesis.hook
def before_call(context, case, kwargs):
    token = os.environ["FUZZ_TOKEN"]
    if case.path in ("/api/v1/events", "/api/v1/logout"):
        token = log_in()
    if case.path == "/api/v1/events":
        threading.Timer(LISTENING_S, log_out, [token]).start()
    case.headers = {**(case.headers or {}), **bearer(token)}
