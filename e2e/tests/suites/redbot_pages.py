"""redbot's notes on pages behind the proxy: the same as on the origin itself. Arguments: the two ports."""

import hashlib
import http.server
import pathlib
import subprocess
import sys
import threading

ORIGIN, PROXY = (int(port) for port in sys.argv[1:3])
REDBOT = pathlib.Path(sys.executable).with_name("redbot")
PAGE = b"<!DOCTYPE html><html><body>hello</body></html>\n" * 100
TAG = '"' + hashlib.sha256(PAGE).hexdigest()[:16] + '"'


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        fresh = self.headers.get("if-none-match") == TAG
        self.send_response(304 if fresh else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-cache" if self.path == "/chunked" else "max-age=60")
        self.send_header("ETag", TAG)
        if fresh:
            self.end_headers()
        elif self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(PAGE), 1000):
                part = PAGE[at : at + 1000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(PAGE)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def notes(port, path):
    """What redbot says: a list of notes, without the head of the answer."""
    command = [REDBOT, "-o", "text", f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = {line.strip() for line in said.splitlines() if line.strip().startswith("* ") and not line.endswith(":")}
    assert found, said
    return found, said


server = http.server.ThreadingHTTPServer(("127.0.0.1", ORIGIN), Pages)
threading.Thread(target=server.serve_forever, daemon=True).start()
for path in ["/", "/chunked"]:
    direct, _ = notes(ORIGIN, path)
    behind, said = notes(PROXY, path)
    print(said)
    # That it is there is what `Via` says.
    behind -= {"* One or more intermediaries are present."}
    assert behind == direct, f"{path}: only behind the proxy {behind - direct}, only without it {direct - behind}"
    lowered = said.lower()
    for hop in ["\nconnection:", "\nkeep-alive:", "\nproxy-connection:", "\nupgrade:"]:
        assert hop not in lowered, f"{hop} in {said}"
    assert "\nvia: 1.1 doze" in lowered, said
