"""WebSockets of the websockets library through the proxy. Arguments: the port of the origin, and the proxy's."""

import asyncio
import os
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

ORIGIN, PROXY = (int(port) for port in sys.argv[1:3])
URL = f"ws://127.0.0.1:{PROXY}"


async def echo(socket):
    path = socket.request.path
    if path == "/hello":
        await socket.send("first word of the server")
    if path == "/close":
        await socket.close(4001, "enough")
        return
    if path == "/drop":
        socket.transport.abort()
        return
    try:
        async for message in socket:
            await socket.send(message)
    except ConnectionClosed:
        pass


async def refuse(connection, request):
    if request.path == "/forbidden":
        return connection.respond(403, "not you\n")
    return None


def join(path, **more):
    return connect(URL + path, subprotocols=["chat"], max_size=None, **more)


async def echoes(compression):
    async with join("/echo", compression=compression) as socket:
        assert socket.subprotocol == "chat", socket.subprotocol
        for message in ["", "text", "ünï" * 1000, b"", os.urandom(1), os.urandom(3_000_000), "x" * 3_000_000]:
            await socket.send(message)
            assert await socket.recv() == message
        # In fragments, with a ping between two messages.
        await socket.send(["a", "b", "c"])
        await (await socket.ping(b"still there"))
        assert await socket.recv() == "abc"
    assert socket.close_code == 1000, socket.close_code


async def main():
    async with serve(
        echo, "127.0.0.1", ORIGIN, subprotocols=["chat"], process_request=refuse, max_size=None
    ):
        await echoes(None)
        await echoes("deflate")
        async with join("/hello") as socket:
            assert await socket.recv() == "first word of the server"
            await socket.close(4002, "bye")
            assert (socket.close_code, socket.close_reason) == (4002, "bye")
        async with join("/close") as socket:
            try:
                await socket.recv()
                raise AssertionError("it was not closed")
            except ConnectionClosed as closed:
                assert (closed.rcvd.code, closed.rcvd.reason) == (4001, "enough"), closed
        async with join("/drop") as socket:
            try:
                await socket.recv()
                raise AssertionError("it was not dropped")
            except ConnectionClosed as closed:
                assert closed.rcvd is None, closed
        try:
            async with join("/forbidden"):
                raise AssertionError("it was not refused")
        except InvalidStatus as refused:
            assert refused.response.status_code == 403, refused
        # Many at once.
        await asyncio.gather(*(echoes("deflate" if n % 2 else None) for n in range(20)))


asyncio.run(asyncio.wait_for(main(), 120))
