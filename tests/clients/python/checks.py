"""Checks, reported a line each, as tests/clients/run wants them."""

import os


def check(what, function):
    """Reports whether `function` does without an exception; answers what it returns."""
    try:
        result = function()
    except Exception as error:  # whatever a library throws is a finding
        print(f"not ok {what}: {type(error).__name__}: {error}", flush=True)
        return None
    print(f"ok {what}", flush=True)
    return result


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def credentials(name):
    """The id and secret that `tests/clients/run` gave the client `name`; a public one has no secret."""
    return os.environ[f"{name}_CLIENT_ID"], os.environ.get(f"{name}_CLIENT_SECRET")
