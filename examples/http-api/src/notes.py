"""An API that tells its callers who they are. Its gateway lets no request pass that the authorizer refuses."""

import json


def handler(event, context):
    caller = event["requestContext"]["authorizer"]["lambda"]  # what the authorizer found out about the token
    body = {"sub": caller["sub"], "client_id": caller.get("client_id"), "scope": caller["scope"].split()}
    status = 201 if event["requestContext"]["http"]["method"] == "POST" else 200
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
