"""A Django application that signs users in with mozilla-django-oidc."""

import os
import sys
from urllib.parse import urlencode

import django
from django.conf import settings
from django.core.management import call_command

issuer, url = os.environ["ISSUER"], os.environ["URL"]
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="a secret of the application",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "mozilla_django_oidc"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    AUTHENTICATION_BACKENDS=["backend.BySub", "django.contrib.auth.backends.ModelBackend"],
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile email",
    OIDC_USE_PKCE=True,
    OIDC_STORE_ID_TOKEN=True,
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{issuer}/oauth/authorize",
    OIDC_OP_TOKEN_ENDPOINT=f"{issuer}/oauth/token",
    OIDC_OP_USER_ENDPOINT=f"{issuer}/oauth/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{issuer}/.well-known/jwks.json",
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.logout_url",
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
)
django.setup()

from django.core.servers.basehttp import run  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import include, path  # noqa: E402


def logout_url(request):
    """Where the browser goes after the application's own session has ended."""
    id_token = request.session.get("oidc_id_token")
    query = {"id_token_hint": id_token} if id_token else {"client_id": os.environ["CLIENT_ID"]}
    query["post_logout_redirect_uri"] = f"{url}/"
    return f"{issuer}/oauth/logout?{urlencode(query)}"


def index(request):
    user = request.user
    known = {"username": user.username, "name": user.first_name, "email": user.email} if user.is_authenticated else None
    form = f'<form method="post" action="/oidc/logout/"><input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}"><button>Sign out</button></form>'
    return HttpResponse(f"<pre>{JsonResponse(known, safe=False).content.decode()}</pre>{form}")


urlpatterns = [path("", index), path("oidc/", include("mozilla_django_oidc.urls"))]

if __name__ == "__main__":
    sys.modules["django_app"] = sys.modules[__name__]
    call_command("migrate", verbosity=0)
    run("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application())
