"""Calls a deployment from outside, and checks what it answers."""

import argparse
import base64
import html.parser
import http.client
import json
import os
import subprocess
import sys
import urllib.parse


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()

    def json(self):
        return json.loads(self.text)

    def parameter(self, name):
        """The parameter of the URL to which the response redirects."""
        query = urllib.parse.urlsplit(self.headers["location"]).query
        return dict(urllib.parse.parse_qsl(query)).get(name)


class Caller:
    """Sends requests to the gateway, and stores cookies, as a browser does."""

    def __init__(self, issuer, connect):
        self.issuer = urllib.parse.urlsplit(issuer)
        self.at = urllib.parse.urlsplit(connect or issuer)
        self.cookies = {}

    def send(self, method, path, form=None, basic=None, bearer=None, document=None):
        kinds = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}
        connection = kinds[self.at.scheme](self.at.netloc, timeout=30)
        # The script may connect to another port than the issuer's, but the gateway expects the issuer's name.
        host = self.issuer.netloc if self.issuer.port or not self.at.port else f"{self.issuer.netloc}:{self.at.port}"
        headers = {"Host": host}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if document is not None:
            headers["Content-Type"] = "application/json"
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None if form is None else urllib.parse.urlencode(form)
        body = body if document is None else json.dumps(document)
        connection.request(method, self.at.path + path, body, headers)
        answer = Answer(connection.getresponse())
        connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            pair, _, attributes = cookie.partition(";")
            name, _, value = pair.partition("=")
            if "max-age=0" in attributes.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, form, basic=None):
        return self.send("POST", path, form, basic)


class Forms(html.parser.HTMLParser):
    """The forms of a page: the action of each, and the fields that it sends as the page has them."""

    def __init__(self, page):
        super().__init__()
        self.page, self.forms = page, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append((attributes["action"], {}))
        elif tag == "input" and (attributes.get("type") == "hidden" or "checked" in attributes):
            self.forms[-1][1][attributes["name"]] = attributes["value"]

    def to(self, path):
        for action, fields in self.forms:
            if action.split("?")[0] == path:
                return action, fields
        sys.exit(f"FAILED  the page has no form for {path}:\n{self.page}")


def see(step, seen, expected):
    if seen != expected:
        sys.exit(f"FAILED  {step}: {seen!r}, not {expected!r}")
    print(f"ok      {step}")


def options(description):
    """A parser of the options that every program here has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--connect", metavar="URL", help="address of the gateway, if it is not the issuer's")
    parser.add_argument("--jeton", required=True, help="the jeton command")
    parser.add_argument("--dynamodb", metavar="URL", help="endpoint of DynamoDB, if it is not AWS")
    return parser


def administration(options):
    """A function that runs the jeton command, and returns its output."""

    def jeton(*arguments, typed=""):
        endpoint = ["--endpoint-url", options.dynamodb] if options.dynamodb else []
        command = [options.jeton, "--json", *endpoint, *arguments]
        ran = subprocess.run(command, input=typed, capture_output=True, text=True, env=os.environ)
        if ran.returncode:
            sys.exit(f"{' '.join(arguments[:2])}: {ran.stderr}")
        return json.loads(ran.stdout)

    return jeton
