"""The servers under test, as processes on free ports: local-aws itself, and moto to compare it with."""

import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.request

import waiting

HERE = pathlib.Path(__file__).parent
# What local-aws starts in place of the images that the tests' task definitions name: something that runs until it is
# asked to end, something that ends well, something that ends badly, something that does not listen to SIGTERM.
IMAGES = {
    "sleeps": "/bin/sleep 600",
    "stubborn": f"{sys.executable} {HERE}/programs/stubborn.py",
    "ends-with-0": "/bin/true",
    "ends-with-1": "/bin/false",
}


class Server:
    """A server: `url`, for local-aws also `dns` and `resolver` ((address, port) each), and `end()`."""

    def __init__(self, url, process, dns=None, resolver=None):
        self.url = url
        self.dns = dns
        self.resolver = resolver
        self._process = process

    def end(self):
        self._process.terminate()
        assert self._process.wait(30) is not None

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST")
        urllib.request.urlopen(request, timeout=10).close()


def local_aws(binary, network, *, throttle="off", time_factor=600, more=()):
    """Starts local-aws; `network` is the second byte of its addresses, so that two can run at a time."""
    command = [
        binary,
        "--listen=127.0.0.1:0",
        "--dns-listen=127.0.0.1:0",
        "--tasks=process",
        f"--time-factor={time_factor}",
        f"--network=127.{network}.0.0/16",
        *(f"--image={name}={program}" for name, program in IMAGES.items()),
        *more,
    ]
    flags = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    if "--throttle" in flags:
        command.append(f"--throttle={throttle}")
    if "--resolver-listen" in flags:
        command.append("--resolver-listen=127.0.0.1:0")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCAL_AWS_")}
    environment.update(LOG="info", LOG_FORMAT="json")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    said = []
    for line in process.stderr:
        said.append(line)
        fields = json.loads(line)
        if fields.get("message") == "ready":
            break
    else:
        raise AssertionError("local-aws ended: " + "".join(said))
    # Its log is read on, so that it never waits for a reader.
    threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
    return Server("http://" + fields["listen"], process, address(fields.get("dns")), address(fields.get("resolver")))


def moto():
    """Starts moto's server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(f"http://127.0.0.1:{port}", process)

    def answers():
        assert process.poll() is None, "moto ended"
        try:
            return server.get("/moto-api/data.json") is not None
        except OSError:
            return False

    waiting.until("moto to answer", answers)
    # Left alone, moto's tasks end as soon as they are looked at.
    lasting = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 1_000_000}}
    server.post("/moto-api/state-manager/set-transition", lasting)
    return server


def free_port():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def address(text):
    if not text:
        return None
    host, port = text.rsplit(":", 1)
    return host, int(port)
