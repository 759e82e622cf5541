"""What every client program in Python has; hosts/host.js describes it."""

import asyncio
import json
import os
import sys
import traceback
import webbrowser
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

URL, STORE = sys.argv[1:3]


async def serve(connect):
    """Answers requests until the standard input ends. `connect` opens a session of an SDK, on an exit stack."""
    session, stack = None, AsyncExitStack()
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        try:
            if session is None:
                session = await connect(stack)
            if name := request.get("tool"):
                content = await session.call_tool(name, request.get("arguments", {}))
                result = "".join(block.text for block in content.content)
            else:
                listed = await session.list_tools()
                result = [tool.name for tool in getattr(listed, "tools", listed)]
            answer = {"result": result}
        except Exception as error:
            traceback.print_exc()
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    os._exit(0)  # without a farewell to the server, as when a program is killed


class Store:
    """A `TokenStorage` of the SDK, over a JSON file."""

    def __init__(self, client_type, token_type):
        self.types = {"client": client_type, "tokens": token_type}

    def _stored(self):
        return json.loads(Path(STORE).read_text()) if Path(STORE).exists() else {}

    def _get(self, kind):
        value = self._stored().get(kind)
        return value and self.types[kind].model_validate(value)

    def _set(self, kind, value):
        stored = self._stored() | {kind: value.model_dump(mode="json", exclude_none=True)}
        Path(STORE).write_text(json.dumps(stored))

    async def get_tokens(self):
        return self._get("tokens")

    async def set_tokens(self, tokens):
        self._set("tokens", tokens)

    async def get_client_info(self):
        return self._get("client")

    async def set_client_info(self, client_info):
        self._set("client", client_info)


class Callback:
    """The address on this computer that the browser returns to."""

    async def listen(self):
        self.arrived = asyncio.Queue()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.redirect_uri = f"http://localhost:{server.sockets[0].getsockname()[1]}/callback"

    async def _answer(self, reader, writer):
        target = (await reader.readline()).split()[1].decode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<title>The application</title>")
        await writer.drain()
        writer.close()
        if target.startswith("/callback?"):
            parameters = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
            await self.arrived.put(parameters)


async def open_browser(url):
    if scope := os.environ.get("SCOPE"):
        parts = urlsplit(url)
        parameters = parse_qs(parts.query) | {"scope": [scope]}
        url = parts._replace(query=urlencode(parameters, doseq=True)).geturl()
    webbrowser.open(url)
