"""Authlib, over Requests."""

import os

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http, on a loopback address

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from checks import check, credentials, equal
from user import response_parameters, visit

ISSUER = os.environ["ISSUER"]


def discover():
    response = requests.get(get_well_known_url(ISSUER, external=True), timeout=60)
    response.raise_for_status()
    metadata = AuthorizationServerMetadata(response.json())
    equal(metadata.issuer, ISSUER)
    for key in AuthorizationServerMetadata.REGISTRY_KEYS:
        getattr(metadata, f"validate_{key}")()
    return metadata


def session(name, method="client_secret_basic", secret=None, scope=None, **more):
    client_id, client_secret = credentials(name)
    return OAuth2Session(
        client_id,
        secret or client_secret,
        scope=scope,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        default_timeout=60,
        **more,
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
        response = api.introspect_token(metadata.introspection_endpoint, token=token, withhold_token=True)
        equal(response.status_code, 200)
        return response.json()

    def is_active():
        found = introspected()
        equal(
            {name: found[name] for name in ("active", "client_id", "sub", "scope", "iss")},
            {"active": True, "client_id": machine.client_id, "sub": machine.client_id, "scope": "read", "iss": ISSUER},
        )

    def revokes_it():
        response = machine.revoke_token(
            metadata.revocation_endpoint, token=token, token_type_hint="access_token", withhold_token=True
        )
        equal(response.status_code, 200)

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


def code_flow(metadata, kind, name, method):
    def new_session():
        redirect_uri = os.environ["REDIRECT_URI"]
        return session(name, method, scope="read write", redirect_uri=redirect_uri, code_challenge_method="S256")

    def authorize(change=lambda returned: returned):
        library, verifier = new_session(), generate_token(48)
        url, state = library.create_authorization_url(metadata.authorization_endpoint, code_verifier=verifier)
        returned = visit(url)
        equal(response_parameters(returned)["iss"], ISSUER)  # the library does not check it
        return library.fetch_token(
            metadata.token_endpoint, authorization_response=change(returned), state=state, code_verifier=verifier
        )

    def refresh(refresh_token):
        return new_session().refresh_token(metadata.token_endpoint, refresh_token=refresh_token)

    def exchanges():
        token = authorize()
        equal((token["token_type"], token["expires_in"], token["scope"]), ("Bearer", 3600, "read write"))
        return token["refresh_token"]

    def refreshes():
        token = refresh(first)
        equal(token["refresh_token"] != first, True)
        return token["access_token"], token["refresh_token"]

    def retries():
        token = refresh(first)
        equal((token["access_token"], token["refresh_token"]), second)

    def revokes():
        revoked = new_session().revoke_token(
            metadata.revocation_endpoint, token=second[1], token_type_hint="refresh_token", withhold_token=True
        )
        equal(revoked.status_code, 200)
        refused_with("invalid_grant", lambda: refresh(second[1]))

    def refused_with(code, function):
        try:
            function()
        except AuthlibBaseError as error:
            equal(error.error, code)
        else:
            raise AssertionError("it was not refused")

    def says_no():
        url, state = new_session().create_authorization_url(
            metadata.authorization_endpoint, code_verifier=generate_token(48), prompt="consent"
        )
        found = response_parameters(visit(url, decision="deny"))  # without a code, the library would request a token of its own
        equal((found["error"], found["state"], found["iss"]), ("access_denied", state, ISSUER))

    first = check(f"exchanges a code ({kind})", exchanges)
    if first is None:
        return
    second = check(f"refreshes ({kind})", refreshes)
    check(f"gets the same pair for the old refresh token ({kind})", retries)
    check(f"revokes, and can refresh no more ({kind})", revokes)
    check(f"receives the denial of the user ({kind})", says_no)
    check(
        f"rejects a response with another state ({kind})",
        lambda: refused_with("mismatching_state", lambda: authorize(lambda url: url.replace("state=", "state=x"))),
    )


metadata = check("reads the metadata document", discover)
if metadata is not None:
    client_credentials(metadata, "client_secret_basic")
    client_credentials(metadata, "client_secret_post")
    refusals(metadata)
    code_flow(metadata, "client_secret_basic", "WEB", "client_secret_basic")
    code_flow(metadata, "client_secret_post", "WEB", "client_secret_post")
    code_flow(metadata, "public", "APP", "none")
