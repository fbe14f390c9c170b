"""Holds the running daemon against its own OpenAPI document: `fuzz.py PROGRAM MEDIA SECONDS SEED`.

Starts PROGRAM (`alcove`) over MEDIA with a fresh state, and lets schemathesis send it what the document allows and
what it does not. Fails on an answer of 500 and up, on one that the document does not name, and when the daemon ends.
Never: another host than this machine, or a state folder that is kept.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PASSWORD = "password of a fuzzed house"
# Endless by design, and without a login there is nothing left to ask: both have tests of their own.
LEFT_OUT = ["/api/v1/events", "/api/v1/logout"]
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_for(daemon, address):
    for _ in range(400):
        if daemon.poll() is not None:
            sys.exit(f"alcove ended at its start ({daemon.returncode})")
        try:
            return ask(f"{address}/healthz")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    sys.exit("alcove did not answer within 20 s")


def start(program, media, state, port):
    worker = os.path.join(os.path.dirname(program), "alcove-worker")
    words = ["serve", "--listen", f"127.0.0.1:{port}", "--state", state, "--media", media, "--worker", worker]
    return subprocess.Popen([program, *words], env={**os.environ, "ALCOVE_OWNER_PASSWORD": PASSWORD}, stdin=subprocess.DEVNULL)


def fuzz(address, token, seconds, seed, scratch):
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    document = os.path.join(scratch, "openapi.json")
    request = urllib.request.Request(f"{address}/api/v1/openapi.json", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer, open(document, "wb") as out:
        out.write(answer.read())
    words = [program, "run", document, "--url", address, "--header", f"Authorization:Bearer {token}"]
    words += ["--checks", ",".join(CHECKS), "--max-time", str(seconds), "--seed", str(seed), "--request-timeout", "30"]
    words += ["--continue-on-failure", "--output-truncate", "true", "--generation-database", "none", "--no-color", "--warnings", "off", "--no-shrink"]
    for path in LEFT_OUT:
        words += ["--exclude-path", path]
    return subprocess.run(words, cwd=scratch, stdin=subprocess.DEVNULL, check=False).returncode


def main():
    program, media, seconds, seed = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as scratch:
        daemon = start(program, media, os.path.join(scratch, "state"), port)
        try:
            wait_for(daemon, address)
            login = {"username": "owner", "password": PASSWORD, "token": True}
            token = ask(f"{address}/api/v1/login", login)["token"]
            code = fuzz(address, token, seconds, seed, scratch)
            ended = daemon.poll()
            if ended is not None:
                sys.exit(f"alcove ended while it was being asked ({ended})")
            ask(f"{address}/healthz")
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(10)
    sys.exit(code)


if __name__ == "__main__":
    main()
