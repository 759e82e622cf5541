"""A client program with the 1.x line of the Python SDK."""

import asyncio
import os

import httpx
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from host import URL, Callback, Store, open_browser, serve


async def connect(stack):
    callback = Callback()
    await callback.listen()

    async def returned():
        parameters = await callback.arrived.get()
        return parameters["code"], parameters["state"]

    provider = OAuthClientProvider(
        server_url=URL,
        client_metadata=OAuthClientMetadata(client_name="Notes reader", redirect_uris=[callback.redirect_uri]),
        storage=Store(OAuthClientInformationFull, OAuthToken),
        redirect_handler=open_browser,
        callback_handler=returned,
    )
    if resource := os.environ.get("RESOURCE"):
        provider.context.get_resource_url = lambda: resource
    http = await stack.enter_async_context(httpx.AsyncClient(auth=provider, timeout=30))
    streams = await stack.enter_async_context(streamable_http_client(URL, http_client=http))
    session = await stack.enter_async_context(ClientSession(*streams[:2]))
    await session.initialize()
    return session


asyncio.run(serve(connect))
