"""Log-in, the node's own users, and API keys."""

from __future__ import annotations

import asyncio

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError
from sesam_node.api.operations import MANAGE, OPEN, form, operation
from sesam_node.hub.accounts import LoginError
from sesam_node.hub.passwords import TooOftenError

ROLES = ("group:User",)
DAY_S = 86_400.0
BODY = "application/json"
NAME = form("name", doc="a name for people")
PASSWORD = form("password", doc="10 characters or more")


class JwtHandler(ApiHandler):
    @operation(
        form("email", required=True, doc="of a user of this node"),
        form("password", required=True),
        body="application/x-www-form-urlencoded",
        answer="text/plain",
        needs=OPEN,
    )
    async def post(self) -> None:
        """Log in: the answer's text is a token that expires.

        401 where name or password are wrong, 429 with `Retry-After` after many that were.
        """
        fields = self.form()
        accounts, settings = self.hub.accounts, self.application.node_settings
        try:
            user = await accounts.log_in(
                fields["email"], fields["password"], self.request.remote_ip or ""
            )
        except LoginError as error:
            raise ApiError(401, error.message) from None
        except TooOftenError as error:
            raise ApiError(
                429,
                error.message,
                f"try again in {error.wait_s} seconds",
                headers={"Retry-After": str(error.wait_s)},
            ) from None
        token = accounts.token(
            user, self.application.authenticator.keys, 3600.0 * settings.login_hours
        )
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(token)


class UsersHandler(ApiHandler):
    @operation(needs=MANAGE)
    def get(self) -> None:
        """The users of the node."""
        self.answer(self.hub.accounts.users())

    @operation(
        form("email", required=True, doc="the user logs in with it"),
        form("password", required=True, doc="10 characters or more"),
        NAME,
        form("roles", "array", doc='as ["group:User"], which is the default'),
        body=BODY,
        status=201,
        needs=MANAGE,
    )
    async def post(self) -> None:
        """Add a user; 409 where there is one of this address."""
        fields = self.json_fields()
        user = await asyncio.to_thread(
            self.hub.accounts.add_user,
            fields["email"],
            fields["password"],
            ROLES if fields["roles"] is None else fields["roles"],
            fields["name"] or "",
        )
        self.answer(user, 201)


class UserHandler(ApiHandler):
    @operation(needs=MANAGE)
    def get(self, email: str) -> None:
        """One user."""
        self.answer(self.hub.accounts.user(email))

    @operation(PASSWORD, NAME, form("roles", "array"), body=BODY, needs=MANAGE)
    async def put(self, email: str) -> None:
        """Change name, roles or password of a user; a new password ends his tokens."""
        fields = self.json_fields()
        self.answer(await asyncio.to_thread(self.hub.accounts.change_user, email, **fields))

    @operation(needs=MANAGE)
    def delete(self, email: str) -> None:
        """Remove a user; his tokens end."""
        self.answer(self.hub.accounts.remove_user(email))


class ApiKeysHandler(ApiHandler):
    @operation(needs=MANAGE)
    def get(self) -> None:
        """The API keys: name, roles, when made and last used; never their tokens."""
        self.answer(self.hub.accounts.keys())

    @operation(
        form("name", required=True, doc="what it is for"),
        form("roles", "array", required=True, doc='as ["group:Developer"]'),
        form("days", "integer", doc="how long it is good; for ever where it is absent"),
        body=BODY,
        status=201,
        needs=MANAGE,
    )
    def post(self) -> None:
        """Make an API key. `token` in the answer is told this once."""
        fields = self.json_fields()
        lifetime_s = None if fields["days"] is None else fields["days"] * DAY_S
        keys = self.application.authenticator.keys
        key, token = self.hub.accounts.add_key(fields["name"], fields["roles"], keys, lifetime_s)
        self.answer({**key, "token": token}, 201)


class ApiKeyHandler(ApiHandler):
    @operation(needs=MANAGE)
    def delete(self, key_id: str) -> None:
        """Revoke an API key: its token is refused from now on."""
        self.answer(self.hub.accounts.revoke_key(key_id))


ROUTES = [
    ("/jwt", JwtHandler),
    ("/users", UsersHandler),
    ("/users/{email}", UserHandler),
    ("/api-keys", ApiKeysHandler),
    ("/api-keys/{key_id}", ApiKeyHandler),
]
