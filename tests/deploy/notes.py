"""An MCP server in a function behind the REST API of examples/rest-api, whose authorizer checks the tokens."""

import base64
import json

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
}
TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ["add_note", "list_notes"]]


def handler(event, context):
    if event["httpMethod"] != "POST":
        return {"statusCode": 204 if event["httpMethod"] == "OPTIONS" else 405, "headers": CORS}
    body = event["body"]
    message = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    if "id" not in message:
        return {"statusCode": 202, "headers": CORS}
    caller = event["requestContext"]["authorizer"]
    results = {
        "initialize": {"protocolVersion": message.get("params", {}).get("protocolVersion"), "capabilities": {"tools": {}},
                       "serverInfo": {"name": "Notes", "version": "1.0.0"}},
        "tools/list": {"tools": TOOLS},
        "tools/call": {"content": [{"type": "text", "text": f"scope {caller['scope']}, for {caller['aud']}"}]},
    }
    result = results.get(message["method"])
    answer = {"result": result} if result else {"error": {"code": -32601, "message": "unknown method"}}
    return {"statusCode": 200, "headers": {**CORS, "Content-Type": "application/json"},
            "body": json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer})}
