"""Calls of grpcio through the proxy. Arguments: the port of the origin, and the proxy's."""

import concurrent.futures
import sys
import threading
import time

import grpc

ORIGIN, PROXY = (int(port) for port in sys.argv[1:3])
CANCELLED = threading.Event()


def unary(request, context):
    context.send_initial_metadata((("x-first", "1"),))
    context.set_trailing_metadata((("x-last", "2"), ("x-bytes-bin", b"\x00\xff")))
    assert dict(context.invocation_metadata())["x-mine"] == "3"
    return request[::-1]


def down(request, _context):
    for n in range(int(request)):
        yield b"%d" % n


def up(requests, _context):
    return b"".join(requests)


def both(requests, _context):
    for request in requests:
        yield b"heard " + request


def fail(_request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: 100 % ünwilling")


def late(_request, context):
    context.add_callback(CANCELLED.set)
    while context.is_active():
        time.sleep(0.01)
    return b""


def half(_request, context):
    yield b"half"
    context.abort(grpc.StatusCode.DATA_LOSS, "the rest is gone")


HANDLERS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Down": grpc.unary_stream_rpc_method_handler(down),
    "Up": grpc.stream_unary_rpc_method_handler(up),
    "Both": grpc.stream_stream_rpc_method_handler(both),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Late": grpc.unary_unary_rpc_method_handler(late),
    "Half": grpc.unary_stream_rpc_method_handler(half),
}
SIZES = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

server = grpc.server(concurrent.futures.ThreadPoolExecutor(64), options=SIZES)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Demo", HANDLERS),))
assert server.add_insecure_port(f"127.0.0.1:{ORIGIN}") == ORIGIN
server.start()
channel = grpc.insecure_channel(f"127.0.0.1:{PROXY}", options=[*SIZES, ("grpc.enable_retries", 0)])

for size in [0, 1, 16_384, 65_536, 4_000_000]:
    message = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer, call = channel.unary_unary("/demo.Demo/Unary").with_call(
        message, metadata=(("x-mine", "3"),), timeout=30
    )
    assert answer == message[::-1], size
    assert dict(call.initial_metadata())["x-first"] == "1"
    trailing = dict(call.trailing_metadata())
    assert (trailing["x-last"], trailing["x-bytes-bin"]) == ("2", b"\x00\xff"), trailing

assert list(channel.unary_stream("/demo.Demo/Down")(b"500", timeout=30)) == [b"%d" % n for n in range(500)]
parts = [b"%d," % n for n in range(500)]
assert channel.stream_unary("/demo.Demo/Up")(iter(parts), timeout=30) == b"".join(parts)


def talk():
    """Says a word only once the last one was heard, so that nothing may wait for more."""
    heard = threading.Event()

    def words():
        for n in range(20):
            yield b"%d" % n
            assert heard.wait(10), "not heard"
            heard.clear()

    for n, answer in enumerate(channel.stream_stream("/demo.Demo/Both")(words(), timeout=30)):
        assert answer == b"heard %d" % n
        heard.set()


talk()
with concurrent.futures.ThreadPoolExecutor(30) as pool:
    for done in [pool.submit(talk) for _ in range(30)]:
        done.result()


def error_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("no error")


refused = error_of(lambda: channel.unary_unary("/demo.Demo/Fail")(b"", timeout=30))
assert refused == (grpc.StatusCode.FAILED_PRECONDITION, "not today: 100 % ünwilling"), refused
unknown = error_of(lambda: channel.unary_unary("/demo.Demo/Unknown")(b"", timeout=30))
assert unknown[0] == grpc.StatusCode.UNIMPLEMENTED, unknown
lost = error_of(lambda: list(channel.unary_stream("/demo.Demo/Half")(b"", timeout=30)))
assert lost == (grpc.StatusCode.DATA_LOSS, "the rest is gone"), lost

# A caller that gives up is noticed by the server, by a deadline and by a cancellation.
overdue = error_of(lambda: channel.unary_unary("/demo.Demo/Late")(b"", timeout=0.5))
assert overdue[0] == grpc.StatusCode.DEADLINE_EXCEEDED, overdue
assert CANCELLED.wait(10), "the server never heard that the deadline was over"
CANCELLED.clear()
call = channel.unary_unary("/demo.Demo/Late").future(b"", timeout=30)
time.sleep(0.3)
assert call.cancel()
assert CANCELLED.wait(10), "the server never heard of the cancellation"

channel.close()
server.stop(None).wait()
