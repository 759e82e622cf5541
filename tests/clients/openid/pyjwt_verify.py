"""Verifies an ID token with PyJWT. Prints its sub, or the name of the error."""

import sys

import jwt

jwks_uri, issuer, client_id, token = sys.argv[1:]
try:
    key = jwt.PyJWKClient(jwks_uri).get_signing_key_from_jwt(token)
    print(jwt.decode(token, key.key, algorithms=["RS256"], issuer=issuer, audience=client_id)["sub"])
except jwt.InvalidTokenError as error:
    print(type(error).__name__)
