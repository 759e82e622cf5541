"""A user's sign-in with OpenID Connect at a deployment, step by step, as the client and the browser do it."""

import base64
import hashlib
import secrets
import urllib.parse

from caller import Forms

CALLBACK = "https://app.example.com/callback"


def base64url(digest):
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def register(jeton, name):
    """A client for sign-in, and a user: the name, the password and the `sub`."""
    client = jeton("client", "create", "--name", name, "--openid", "--redirect-uri", CALLBACK)
    user, password = f"eve-{client['client_id'][:8]}", secrets.token_urlsafe(20)
    sub = jeton("user", "create", user, "--password-stdin", typed=password)["sub"]
    return client, (user, password, sub)


class SignIn:
    """An authorization that a user has given, in a browser without cookies. The client holds its code, and has not redeemed it."""

    def __init__(self, caller, client, user, password):
        self.caller, self.basic = caller, (client["client_id"], client["client_secret"])
        self.nonce, self.verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        caller.cookies.clear()
        login = caller.get(caller.get(self.request()).headers["location"])
        action, fields = Forms(login.text).to("/login")
        signed_in = caller.post(action, {**fields, "username": user, "password": password})
        action, fields = Forms(caller.get(signed_in.headers["location"]).text).to("/oauth/authorize")
        self.code = caller.post(action, {**fields, "decision": "allow"}).parameter("code")

    def request(self):
        return "/oauth/authorize?" + urllib.parse.urlencode({
            "response_type": "code", "client_id": self.basic[0], "redirect_uri": CALLBACK, "scope": "openid profile email",
            "state": "s", "nonce": self.nonce, "prompt": "consent", "code_challenge_method": "S256",
            "code_challenge": base64url(hashlib.sha256(self.verifier.encode()).digest())})

    def redeem(self):
        """The token response."""
        return self.caller.post("/oauth/token", {
            "grant_type": "authorization_code", "code": self.code, "redirect_uri": CALLBACK, "code_verifier": self.verifier},
            self.basic)
