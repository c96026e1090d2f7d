"""For uvicorn: `/` answers, `/download` sends 48 MiB, a WebSocket anywhere echoes."""

PART = bytes(64 * 1024)
PARTS = 768


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["type"] == "http":
        parts = PARTS if scope["path"] == "/download" else 0
        body = PART if parts else b"It works.\n"
        length = str(len(body) * max(parts, 1)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for _ in range(parts - 1):
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": body})


async def echo(receive, send):
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})
        else:
            return
