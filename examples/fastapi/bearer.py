"""Bearer tokens (RFC 6750) that are introspected (RFC 7662)."""

import logging
import os
import re
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.security import SecurityScopes
from pydantic import BaseModel

ISSUER, RESOURCE = os.environ["ISSUER"], os.environ["RESOURCE"]
CREDENTIALS = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]


class Token(BaseModel):
    """What introspection says about an active token."""

    sub: str
    client_id: str
    username: str | None = None
    scope: str = ""


@asynccontextmanager
async def lifespan(app: FastAPI):
    """Keeps the connections to the authorization server open while the API runs."""
    async with httpx.AsyncClient(base_url=ISSUER, auth=CREDENTIALS, timeout=2) as app.state.authorization_server:
        yield


async def bearer(required: SecurityScopes, request: Request) -> Token:
    """The token of a request, if it is active, is for this API, and has the scope that the route requires."""
    credentials = re.fullmatch(r"Bearer +([\w\-.~+/]+=*)", request.headers.get("authorization", ""), re.ASCII | re.IGNORECASE)
    if not credentials:
        # RFC 6750 §3.1: a request without credentials learns no error code.
        raise challenge(401, "Bearer")
    introspected = await introspect(request.app.state.authorization_server, credentials[1])
    # RFC 8707 §2: a token for another API, or for none, is no token here.
    audience = introspected.get("aud", [])
    if introspected["active"] is not True or RESOURCE not in ([audience] if isinstance(audience, str) else audience):
        raise challenge(401, 'Bearer error="invalid_token"')
    token = Token.model_validate(introspected)
    if not set(required.scopes) <= set(token.scope.split()):
        raise challenge(403, f'Bearer error="insufficient_scope", scope="{required.scope_str}"')
    return token


async def introspect(authorization_server: httpx.AsyncClient, token: str) -> dict:
    """Introspects `token` at each request: what is not cached is refused as soon as it is revoked."""
    try:
        response = await authorization_server.post("/oauth/introspect", data={"token": token})
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}")
        return {"active": False, **response.json()}
    except (httpx.HTTPError, ValueError, TypeError) as error:
        # Fail closed, but with 503: on 401 the client would throw a good token away.
        logging.getLogger("uvicorn.error").error("introspection failed: %r", error)
        raise HTTPException(503, "temporarily_unavailable", {"Retry-After": "1"}) from None


def challenge(status: int, value: str) -> HTTPException:
    return HTTPException(status, headers={"WWW-Authenticate": value})
