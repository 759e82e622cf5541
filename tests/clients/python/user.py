"""A user who signs in and decides, over plain HTTP instead of a browser."""

import os
import re
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import requests


def visit(url, decision="allow", scope=("read", "write")):
    """Opens the authorization URL `url`, signs in and decides; returns the URL that redirects to the application.

    `scope` is the list of values that stay checked.
    """
    browser = requests.Session()
    target = parse_qs(urlsplit(url).query)["redirect_uri"][0]

    def follow(response):
        while response.status_code == 303:
            location = urljoin(response.url, response.headers["location"])
            if location.startswith(target):
                return location
            response = browser.get(location, allow_redirects=False, timeout=60)
        return response

    def submit(page, fields):
        form = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', page.text, re.DOTALL)
        if page.status_code != 200 or not form:
            raise AssertionError(f"no form: {page.status_code} {page.text}")
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
        filled = {name: unescape(value) for name, value in hidden} | fields
        action = urljoin(page.url, unescape(form[1]))
        return follow(browser.post(action, data=filled, allow_redirects=False, timeout=60))

    page = follow(browser.get(url, allow_redirects=False, timeout=60))
    if not isinstance(page, str) and 'name="password"' in page.text:
        page = submit(page, {"username": os.environ["JETON_USER"], "password": os.environ["PASSWORD"]})
    if isinstance(page, str):
        return page  # without a consent page
    allowed = {f"allow:{value}": "yes" for value in scope} if decision == "allow" else {}
    page = submit(page, {"decision": decision, **allowed})
    if not isinstance(page, str):
        raise AssertionError(f"not sent back: {page.status_code} {page.text}")
    return page


def response_parameters(url):
    """The parameters of the authorization response."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
