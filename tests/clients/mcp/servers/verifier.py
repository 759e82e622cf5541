import httpx2
from mcp.server.auth.provider import AccessToken, TokenVerifier


class Introspection(TokenVerifier):
    """Asks the introspection endpoint (RFC 7662) about each access token for `resource`."""

    def __init__(self, endpoint: str, client_id: str, client_secret: str, resource: str):
        self.endpoint, self.resource = endpoint, resource
        self.http = httpx2.AsyncClient(auth=(client_id, client_secret), timeout=5)

    async def verify_token(self, token: str) -> AccessToken | None:
        response = await self.http.post(self.endpoint, data={"token": token})
        response.raise_for_status()  # An outage says nothing about the token: the client gets a 500, and keeps its token.
        found = response.json()
        if not found["active"] or found.get("aud") != self.resource:
            return None
        return AccessToken(
            token=token,
            client_id=found["client_id"],
            scopes=found.get("scope", "").split(),
            expires_at=found.get("exp"),
            resource=found["aud"],
            subject=found.get("sub"),
        )
