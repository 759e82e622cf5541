"""Checks, one line each, in the form that tests/clients/run reads."""

import os


def check(name, function):
    """Runs `function` and reports whether it raises. Returns its result."""
    try:
        result = function()
    except Exception as error:  # any exception of a library is a failure
        print(f"not ok {name}: {type(error).__name__}: {error}", flush=True)
        return None
    print(f"ok {name}", flush=True)
    return result


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def credentials(name):
    """The id and secret that `tests/clients/run` registered for the client `name`; a public client has no secret."""
    return os.environ[f"{name}_CLIENT_ID"], os.environ.get(f"{name}_CLIENT_SECRET")
