"""requests-oauthlib: with PKCE, and as a client that is exempt."""

import os

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http, on a loopback address

import requests
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from checks import check, credentials, equal
from user import response_parameters, visit

ISSUER = os.environ["ISSUER"]
AUTHORIZE, TOKEN, REVOKE = (f"{ISSUER}/oauth/{name}" for name in ("authorize", "token", "revoke"))


def code_flow(kind, name, method, pkce):
    client_id, client_secret = credentials(name)
    # The library has no option for the method: the credentials go into the header or with the parameters.
    header, parameters = {}, {}
    if method == "client_secret_basic":
        header = {"auth": HTTPBasicAuth(client_id, client_secret)}
    else:
        parameters = {"client_id": client_id} | ({"client_secret": client_secret} if client_secret else {})

    def session():
        redirect_uri = os.environ["REDIRECT_URI"]
        return OAuth2Session(client_id, redirect_uri=redirect_uri, scope=["read", "write"], pkce=pkce)

    def authorize(change=lambda returned: returned, prompt=None, **choice):
        library = session()
        url, state = library.authorization_url(AUTHORIZE, **({"prompt": prompt} if prompt else {}))
        returned = visit(url, **choice)
        equal((response_parameters(returned)["state"], response_parameters(returned)["iss"]), (state, ISSUER))
        secret = {name: value for name, value in parameters.items() if name == "client_secret"}
        return library.fetch_token(
            TOKEN,
            authorization_response=change(returned),
            include_client_id=bool(parameters),
            timeout=60,
            **header,
            **secret,
        )

    def refresh(refresh_token):
        return session().refresh_token(TOKEN, refresh_token=refresh_token, timeout=60, **header, **parameters)

    def refused_with(error, function):
        try:
            function()
        except OAuth2Error as raised:
            equal(raised.error, error)
        else:
            raise AssertionError("it was not refused")

    def exchanges():
        token = authorize()
        equal((token["token_type"], token["expires_in"], token["scope"]), ("Bearer", 3600, ["read", "write"]))
        return token["refresh_token"]

    def refreshes():
        token = refresh(first)
        equal(token["refresh_token"] != first, True)
        return token["access_token"], token["refresh_token"]

    def retries():
        token = refresh(first)
        equal((token["access_token"], token["refresh_token"]), second)

    def revokes():
        # The library writes the request, but does not send it.
        url, headers, body = WebApplicationClient(client_id).prepare_token_revocation_request(
            REVOKE, second[1], "refresh_token", **parameters
        )
        sent = requests.post(url, data=body, headers=headers, timeout=60, **header)
        equal(sent.status_code, 200)
        refused_with("invalid_grant", lambda: refresh(second[1]))

    first = check(f"exchanges a code ({kind})", exchanges)
    if first is None:
        return
    second = check(f"refreshes ({kind})", refreshes)
    check(f"gets the same pair for the old refresh token ({kind})", retries)
    check(f"revokes, and can refresh no more ({kind})", revokes)
    check(
        f"receives the denial of the user ({kind})",
        lambda: refused_with("access_denied", lambda: authorize(prompt="consent", decision="deny")),
    )
    check(
        f"rejects a response with another state ({kind})",
        lambda: refused_with("mismatching_state", lambda: authorize(lambda url: url.replace("state=", "state=x"))),
    )


code_flow("client_secret_basic", "WEB", "client_secret_basic", "S256")
code_flow("client_secret_post", "WEB", "client_secret_post", "S256")
code_flow("public", "APP", "public", "S256")
code_flow("without PKCE", "OLD", "client_secret_basic", None)
