"""HTTP/2 as the h2 library speaks it, with its strict checks of all that comes back. Arguments: the two ports."""

import http.server
import socket
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

ORIGIN, PROXY = (int(port) for port in sys.argv[1:3])
PAGE = bytes(range(256)) * 1024
Setting = h2.settings.SettingCodes


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(PAGE)

    do_HEAD = do_GET

    def do_POST(self):
        body = b""
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size + 2)[:-2]
            while self.rfile.readline() != b"\r\n":
                pass
        else:
            body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Caller:
    def __init__(self, settings=None):
        self.wire = socket.create_connection(("127.0.0.1", PROXY))
        self.wire.settimeout(30)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        if settings:
            self.h2.update_settings(settings)
        self.answers, self.bodies, self.ended, self.resets, self.pongs = {}, {}, set(), {}, []
        self.flush()

    def flush(self):
        self.wire.sendall(self.h2.data_to_send())

    def ask(self, method="GET", path="/", more=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "http"), (":authority", "demo"), (":path", path), *more]
        self.h2.send_headers(stream, head, end_stream=end)
        self.flush()
        return stream

    def step(self):
        data = self.wire.recv(65_536)
        assert data, "the proxy closed the connection"
        for event in self.h2.receive_data(data):
            match event:
                case h2.events.ResponseReceived():
                    self.answers[event.stream_id] = dict(event.headers)
                case h2.events.DataReceived():
                    self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case h2.events.StreamEnded():
                    self.ended.add(event.stream_id)
                case h2.events.StreamReset():
                    self.resets[event.stream_id] = event.error_code
                case h2.events.PingAckReceived():
                    self.pongs.append(event.ping_data)
                case h2.events.ConnectionTerminated():
                    raise AssertionError(f"GOAWAY {event.error_code}")
        self.flush()

    def send(self, stream, body):
        while body:
            while not (room := min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)):
                self.step()
            self.h2.send_data(stream, body[:room])
            self.flush()
            body = body[room:]

    def whole(self, stream):
        while stream not in self.ended:
            assert stream not in self.resets, self.resets
            self.step()
        return self.answers[stream][":status"], self.bodies.get(stream, b"")


server = http.server.ThreadingHTTPServer(("127.0.0.1", ORIGIN), Pages)
threading.Thread(target=server.serve_forever, daemon=True).start()

# With the usual settings, and with odd ones: a tiny window, no table for HPACK, large frames.
for settings in [
    None,
    {Setting.INITIAL_WINDOW_SIZE: 1_000},
    {Setting.HEADER_TABLE_SIZE: 0},
    {Setting.MAX_FRAME_SIZE: 16_777_215},
    {Setting.ENABLE_PUSH: 0, Setting.MAX_CONCURRENT_STREAMS: 0},
]:
    caller = Caller(settings)
    assert caller.whole(caller.ask()) == ("200", PAGE), settings
    head = caller.ask("HEAD")
    assert caller.whole(head) == ("200", b"") and caller.answers[head]["content-length"] == str(len(PAGE))
    upload = caller.ask("POST", end=False)
    caller.send(upload, PAGE)
    caller.h2.send_headers(upload, [("x-sum", "1")], end_stream=True)
    caller.flush()
    assert caller.whole(upload) == ("200", PAGE), settings

# Streams side by side, pings between them, and a stream that is given up.
caller = Caller()
streams = [caller.ask(path=f"/{n}") for n in range(50)]
caller.h2.ping(b"12345678")
caller.h2.reset_stream(streams[7])
caller.flush()
for stream in streams[:7] + streams[8:]:
    assert caller.whole(stream) == ("200", PAGE)
assert caller.pongs == [b"12345678"]

# Settings that change on the way, priorities, and a window that is shut for a while.
caller.h2.update_settings({Setting.INITIAL_WINDOW_SIZE: 0})
caller.flush()
caller.h2.ping(b"settings")
caller.flush()
while b"settings" not in caller.pongs:
    caller.step()
shut = caller.ask()
while shut not in caller.answers:
    caller.step()
time.sleep(0.3)
assert not caller.bodies.get(shut), "a byte came through a window of none"
caller.h2.prioritize(shut, weight=1)
caller.h2.increment_flow_control_window(len(PAGE), shut)
caller.flush()
assert caller.whole(shut) == ("200", PAGE)

caller.h2.close_connection()
caller.flush()
