#!/usr/bin/env python3
"""Calls an API on behalf of its user, who signs in with a browser (RFC 8252).

    notes.py sign-in | read | write | sign-out

ISSUER, CLIENT_ID and API name the authorization server, this program's client and the API.
"""

import base64
import hashlib
import hmac
import json
import os
import queue
import secrets
import sys
import tempfile
import threading
import time
import urllib.request
import webbrowser
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

STORE = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state", "notes-cli", "tokens.json")
SCOPE = "read write"


def setting(name):
    return os.environ.get(name) or sys.exit(f"{name} is not set.")


ISSUER, CLIENT_ID, API = map(setting, ["ISSUER", "CLIENT_ID", "API"])
# What tokens are for: stored ones of another issuer or client, or for another API, are not sent.
PURPOSE = {"issuer": ISSUER, "client_id": CLIENT_ID, "api": API}


class AsReceived(urllib.request.HTTPErrorProcessor):
    """Returns each response as received. By default urllib follows a redirect to any host, with the token."""

    def http_response(self, request, response):
        return response

    https_response = http_response


OPENER = urllib.request.build_opener(AsReceived)


def send(url, form=None, method=None, token=None):
    """Sends a request. Returns the status and the JSON of the response, {} if it has none."""
    data = urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"} if token else {}, method=method)
    try:
        with OPENER.open(request, timeout=10) as response:
            status, body = response.status, response.read()
    except (OSError, HTTPException) as error:
        sys.exit(f"{urlsplit(url).netloc} cannot be reached: {error}")
    try:
        return status, json.loads(body)
    except ValueError:
        return status, {}


def metadata():
    """The authorization server's metadata (RFC 8414)."""
    status, document = send(f"{ISSUER}/.well-known/oauth-authorization-server")
    if status != 200 or document.get("issuer") != ISSUER:  # RFC 8414 §3.3
        sys.exit(f"{ISSUER} has no metadata that names it.")
    return document


def request_tokens(endpoint, form):
    """Sends a token request, and stores the tokens. Returns the access token."""
    status, response = send(endpoint, {"client_id": CLIENT_ID, **form})
    if response.get("error") == "invalid_grant" and form["grant_type"] == "refresh_token":
        STORE.unlink(missing_ok=True)
        sys.exit("Your sign-in has ended. Run: notes.py sign-in")
    if status != 200 or "access_token" not in response:  # A stored refresh token stays: after an outage it still works.
        sys.exit(f"No token was issued ({status}). Try again later.")
    # Before the new access token is used: the refresh token is a new one, too.
    store({**response, "expires_at": time.time() + response["expires_in"], "for": PURPOSE})
    return response["access_token"]


def store(tokens):
    """Replaces the stored tokens at once; only this user may read the file."""
    STORE.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file, name = tempfile.mkstemp(dir=STORE.parent)  # with mode 0600
    with open(file, "w") as out:
        json.dump(tokens, out)
    os.replace(name, STORE)


def stored():
    try:
        tokens = json.loads(STORE.read_text())
    except FileNotFoundError:
        tokens = {}
    if tokens.get("for") != PURPOSE:
        sys.exit("You are not signed in. Run: notes.py sign-in")
    return tokens


def receive(expected, open_browser):
    """Listens on a free loopback port (RFC 8252 §7.3), calls `open_browser` with the redirect URI, and waits for the
    authorization response. Returns both."""
    responses = queue.Queue()

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self):
            parameters = dict(parse_qsl(urlsplit(self.path).query))
            # Any program or page can call this port: only the response to this request counts (RFC 6749 §10.12, RFC 9207).
            mine = (urlsplit(self.path).path == "/callback" and parameters.get("iss") == expected["iss"]
                    and hmac.compare_digest(parameters.get("state", "").encode(), expected["state"].encode()))
            text = "Return to the terminal. You can close this page." if mine else "This is not the expected response."
            self.send_response(200 if mine else 400)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(text.encode())
            if mine:
                responses.put(parameters)

        def log_message(self, *_):
            pass  # The request line has the code.

    with ThreadingHTTPServer(("127.0.0.1", 0), Callback) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        redirect_uri = f"http://127.0.0.1:{server.server_port}/callback"
        open_browser(redirect_uri)
        try:
            return redirect_uri, responses.get(timeout=300)
        except queue.Empty:
            sys.exit("You did not sign in within five minutes.")
        finally:
            server.shutdown()


def sign_in():
    server = metadata()
    verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")  # RFC 7636 §4.2

    def open_browser(redirect_uri):
        url = server["authorization_endpoint"] + "?" + urlencode({
            "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": redirect_uri, "scope": SCOPE,
            "state": state, "code_challenge": challenge, "code_challenge_method": "S256"})
        print(f"Sign in at\n{url}", file=sys.stderr)
        webbrowser.open(url)

    redirect_uri, response = receive({"state": state, "iss": server["issuer"]}, open_browser)
    if "code" not in response:
        sys.exit(f"You are not signed in: {response.get('error', 'no code')}.")
    request_tokens(server["token_endpoint"], {
        "grant_type": "authorization_code", "code": response["code"], "redirect_uri": redirect_uri,
        "code_verifier": verifier})
    print("You are signed in.")


def refresh():
    # If two of these programs refresh at the same time, both get the same tokens.
    form = {"grant_type": "refresh_token", "refresh_token": stored()["refresh_token"]}
    return request_tokens(metadata()["token_endpoint"], form)


def call(method):
    tokens = stored()
    fresh = time.time() < tokens["expires_at"] - 30
    status, body = send(API, method=method, token=tokens["access_token"] if fresh else refresh())
    if status == 401 and fresh:  # The token has ended before its time.
        status, body = send(API, method=method, token=refresh())
    if status >= 300:
        sys.exit(f"The API answered {status}.")
    print(json.dumps(body))


def sign_out():
    form = {"token": stored()["refresh_token"], "client_id": CLIENT_ID}
    status, _ = send(metadata()["revocation_endpoint"], form)  # RFC 7009: the access tokens end, too.
    if status != 200:
        sys.exit(f"The tokens were not revoked ({status}). Try again later.")
    STORE.unlink()
    print("You are signed out.")


COMMANDS = {"sign-in": sign_in, "read": lambda: call("GET"), "write": lambda: call("POST"), "sign-out": sign_out}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]]()
