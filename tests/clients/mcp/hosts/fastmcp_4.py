"""A client program with FastMCP, whose client has the browser and the address that it returns to built in."""

import asyncio
from pathlib import Path

from fastmcp import Client
from fastmcp.client.auth import OAuth
from key_value.aio.stores.filetree import FileTreeStore, FileTreeV1KeySanitizationStrategy

from host import STORE, URL, serve


async def connect(stack):
    directory = Path(STORE)
    directory.mkdir(exist_ok=True)
    store = FileTreeStore(
        data_directory=directory, key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(directory)
    )
    return await stack.enter_async_context(Client(URL, auth=OAuth(token_storage=store)))


asyncio.run(serve(connect))
