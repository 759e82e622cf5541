"""The override of mozilla-django-oidc's backend that docs/openid/django.md shows."""

from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class BySub(OIDCAuthenticationBackend):
    """Users, by `sub`: an e-mail address may change, and may go to another user."""

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def get_username(self, claims):
        return claims["sub"]

    def create_user(self, claims):
        return self.update_user(super().create_user(claims), claims)

    def update_user(self, user, claims):
        user.first_name = claims.get("name", "")
        user.email = claims.get("email", "")
        user.save()
        return user
