"""Authlib, over Requests."""

import os

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http, on a loopback address

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from checks import check, credentials, equal

ISSUER = os.environ["ISSUER"]


def discover():
    answer = requests.get(get_well_known_url(ISSUER, external=True), timeout=10)
    answer.raise_for_status()
    metadata = AuthorizationServerMetadata(answer.json())
    equal(metadata.issuer, ISSUER)
    for key in AuthorizationServerMetadata.REGISTRY_KEYS:
        getattr(metadata, f"validate_{key}")()
    return metadata


def session(name, method="client_secret_basic", secret=None, scope=None):
    client_id, client_secret = credentials(name)
    return OAuth2Session(
        client_id,
        secret or client_secret,
        scope=scope,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        default_timeout=10,
    )


def client_credentials(metadata, method):
    machine, api = session("MACHINE", method, scope="read"), session("API")

    def gets_a_token():
        token = machine.fetch_token(metadata.token_endpoint, grant_type="client_credentials")
        equal((token["token_type"], token["expires_in"], token["scope"]), ("Bearer", 3600, "read"))
        equal(token.is_expired(), False)
        return token["access_token"]

    def introspected():
        # A token is introspected and revoked with the client's own credentials, not with the token it holds.
        answer = api.introspect_token(metadata.introspection_endpoint, token=token, withhold_token=True)
        equal(answer.status_code, 200)
        return answer.json()

    def is_active():
        found = introspected()
        equal(
            {name: found[name] for name in ("active", "client_id", "sub", "scope", "iss")},
            {"active": True, "client_id": machine.client_id, "sub": machine.client_id, "scope": "read", "iss": ISSUER},
        )

    def revokes_it():
        answer = machine.revoke_token(
            metadata.revocation_endpoint, token=token, token_type_hint="access_token", withhold_token=True
        )
        equal(answer.status_code, 200)

    token = check(f"gets a token ({method})", gets_a_token)
    if token is not None:
        check(f"finds it active ({method})", is_active)
        check(f"revokes it ({method})", revokes_it)
        check(f"finds it inactive ({method})", lambda: equal(introspected(), {"active": False}))


def refusals(metadata):
    def refused_with(code, **client):
        try:
            session("MACHINE", **client).fetch_token(metadata.token_endpoint, grant_type="client_credentials")
        except OAuthError as error:
            equal(error.error, code)
        else:
            raise AssertionError("it was not refused")

    _, not_its_own = credentials("API")
    for method in ("client_secret_basic", "client_secret_post"):
        check(
            f"is refused with another client's secret ({method})",
            lambda: refused_with("invalid_client", method=method, secret=not_its_own),
        )
    check("is refused a scope it may not have", lambda: refused_with("invalid_scope", scope="read admin"))


metadata = check("reads the metadata document", discover)
if metadata is not None:
    client_credentials(metadata, "client_secret_basic")
    client_credentials(metadata, "client_secret_post")
    refusals(metadata)
