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
# What players say to whom the film comes in each of the three ways.
H264 = {"containers": ["mp4"], "video_codecs": ["h264"], "audio_codecs": ["aac"]}
PLAYERS = {
    "direct_play": {**H264, "containers": ["mp4", "matroska"]},
    "remux": H264,
    "transcode": {**H264, "max_height": 120},
}
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


def ask(url, body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers)
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


def film(address, token):
    for _ in range(1200):
        found = ask(f"{address}/api/v1/items?kind=film", token=token)["items"]
        if found:
            return found[0]["id"]
        time.sleep(0.05)
    sys.exit("the film was not found within 60 s")


def tickets(address, token):
    """One ticket for each way to play, each of which answers, and the names of the subtitles."""
    found, subtitles = [], set()
    for decision, words in PLAYERS.items():
        playback = ask(f"{address}/api/v1/items/{film(address, token)}/playback", words, token)
        if playback["decision"] != decision:
            sys.exit(f"wanted {decision}, got {playback['decision']}: {playback['reasons']}")
        with urllib.request.urlopen(address + playback["url"], timeout=30) as answer:
            answer.read(1)
        found.append(playback["url"].split("/")[4])
        subtitles.update(subtitle["id"] for subtitle in playback["subtitles"])
    return found, sorted(subtitles)


def with_real_values(document, found, subtitles):
    """Half of the values below `stream` are ones that lead somewhere; the others stay what the document allows."""
    real = {"ticket": found, "rung": [0, 1], "track": [0, 1], "segment": ["0.m4s", "1.m4s"]}
    for path, item in document["paths"].items():
        if not path.startswith("/api/v1/stream/"):
            continue
        real["id"] = [one if path.endswith(".m3u8") else f"{one}.vtt" for one in subtitles]
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    schema = parameter["schema"]
                    parameter["schema"] = {"anyOf": [{"type": schema["type"], "enum": real[parameter["name"]]}, schema]}
    return document


def fuzz(address, token, seconds, seed, scratch):
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    document = os.path.join(scratch, "openapi.json")
    described = ask(f"{address}/api/v1/openapi.json", token=token)
    with open(document, "w", encoding="utf-8") as out:
        json.dump(with_real_values(described, *tickets(address, token)), out)
    words = [program, "run", document, "--url", address]
    words += ["--checks", ",".join(CHECKS), "--max-time", str(seconds), "--seed", str(seed), "--request-timeout", "30"]
    words += ["--continue-on-failure", "--output-truncate", "true", "--generation-database", "none", "--no-color", "--warnings", "off", "--no-shrink"]
    here = os.path.dirname(os.path.abspath(__file__))
    hooks = {"SCHEMATHESIS_HOOKS": "logins", "PYTHONPATH": here}
    hooks |= {"FUZZ_ADDRESS": address, "FUZZ_PASSWORD": PASSWORD, "FUZZ_TOKEN": token}
    return subprocess.run(words, cwd=scratch, env={**os.environ, **hooks}, stdin=subprocess.DEVNULL, check=False).returncode


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
            ask(f"{address}/api/v1/me", token=token)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(10)
    sys.exit(code)


if __name__ == "__main__":
    main()
