"""An MCP server with the Python SDK, which introspects: every call needs the scope `read`, and `add_note` also `write`.

The SDK checks one scope for all calls. So `add_note` fails as a tool, and not with the challenge that a client steps up on.
"""

import os
from urllib.parse import urlsplit

import httpx2
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from verifier import Introspection

ISSUER, RESOURCE = os.environ["ISSUER"], os.environ["RESOURCE"]
metadata = httpx2.get(f"{ISSUER}/.well-known/oauth-authorization-server").json()

server = MCPServer(
    "Notes",
    token_verifier=Introspection(
        metadata["introspection_endpoint"], os.environ["API_CLIENT_ID"], os.environ["API_CLIENT_SECRET"], RESOURCE
    ),
    auth=AuthSettings(
        issuer_url=ISSUER, resource_server_url=RESOURCE, required_scopes=["read"], validate_token_resource=True
    ),
    log_level="WARNING",
)
notes = []


@server.tool()
def list_notes() -> str:
    return "\n".join(notes)


@server.tool()
def add_note(text: str) -> str:
    if "write" not in get_access_token().scopes:
        raise PermissionError("add_note needs the scope write")
    notes.append(text)
    return f"{len(notes)} notes"


address = urlsplit(os.environ["SERVER"])
server.run("streamable-http", host=address.hostname, port=address.port, streamable_http_path=address.path, stateless_http=True)
