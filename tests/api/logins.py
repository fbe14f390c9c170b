"""A login of its own for each request that ends one, or lasts as long as one: what schemathesis calls before a request.

Never: the login that the other requests share.
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
    return {"Authorization": f"Bearer {json.loads(text)['token']}"}


def log_out(login):
    post(os.environ["FUZZ_ADDRESS"], "logout", None, login)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path not in ("/api/v1/events", "/api/v1/logout") or "Authorization" not in (case.headers or {}):
        return
    login = log_in()
    case.headers.update(login)
    if case.path == "/api/v1/events":
        threading.Timer(LISTENING_S, log_out, [login]).start()
