"""A Flask application that signs users in with Authlib."""

import os
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session, url_for
from joserfc.errors import InvalidClaimError

issuer = os.environ["ISSUER"]
app = Flask(__name__)
app.secret_key = "a secret of the application"
oauth = OAuth(app)
jeton = oauth.register(
    "jeton",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{issuer}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
def index():
    return f"<pre>{jsonify(session.get('user')).get_data(as_text=True)}</pre>"


@app.get("/login")
def login():
    return jeton.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback():
    token = jeton.authorize_access_token()  # verifies the signature, nonce and at_hash
    session["user"] = token["userinfo"] | {
        "user_info": jeton.userinfo(token=token),
        "refused": refused(token, nonce="another") + refused(token | {"access_token": "another"}, nonce=None),
    }
    session["id_token"] = token["id_token"]
    return redirect("/")


def refused(token, nonce):
    """Names the claim for which Authlib refuses the ID token in `token`."""
    try:
        jeton.parse_id_token(token, nonce)
        return []
    except InvalidClaimError as error:
        return [error.claim]


@app.get("/logout")
def logout():
    id_token = session.get("id_token")
    query = {"id_token_hint": id_token} if id_token else {"client_id": jeton.client_id}
    query["post_logout_redirect_uri"] = url_for("index", _external=True)
    session.clear()
    return redirect(f"{jeton.load_server_metadata()['end_session_endpoint']}?{urlencode(query)}")


app.run(port=int(os.environ["PORT"]))
