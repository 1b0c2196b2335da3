"""The permissions that hold for an object, by its path: `pipe/orders`, `dataset_prototype`."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError
from sesam_node.api.operations import Parameter, on_each, operation
from sesam_node.errors import NotFoundError, preview
from sesam_node.hub.access import DATASET, PIPE, SYSTEM, WHOLE

PLACES = ("collection", "prototype")


class PermissionsHandler(ApiHandler):
    @operation(needs=on_each("read_config", "pipe"))
    def get(self, path: str) -> None:
        """The permissions that hold for an object.

        Paths are `node`, `pipe/ID`, `system/ID`, `dataset/ID`, and `pipe_collection` or
        `pipe_prototype` (likewise for systems and datasets) for what holds without a list. `own`
        says whether there is a list; a dataset has that of the pipes in `from`.
        """
        kind, name = read_path(path)
        self._check(kind, name, "read_config")
        self.answer({"_id": path, **self.hub.access.shown(kind, name)})

    @operation(
        Parameter("force", "boolean", default=False, doc="where the component has errors"),
        body="application/json",
        needs=on_each("write_config", "pipe"),
    )
    async def put(self, path: str) -> None:
        """Give a pipe, a system or the node this list; an empty one goes back to the defaults.

        The body is the list, or an object with it as `permissions`.
        """
        kind, name = read_path(path)
        given = self.json_body()
        entries = given.get("permissions") if type(given) is dict else given
        if type(entries) is not list:
            raise ApiError(400, "expected a list of permissions", f"got {preview(given)}")
        if kind == DATASET or (kind != WHOLE and name is None):
            raise ApiError(
                400,
                f"the permissions of {path} cannot be set",
                "only pipes, systems and the node have lists of their own",
                hint="a dataset has the permissions of the pipe that writes it",
            )
        self._check(kind, name, "write_config")
        await self.hub.configuration.put_permissions(
            kind, name or "", entries, force=self.query()["force"], by=self.principal
        )
        self.answer({"_id": path, **self.hub.access.shown(kind, name)})

    def _check(self, kind: str, name: str | None, permission: str) -> None:
        if kind == DATASET:
            # Who may see a dataset is known to those who see its pipe.
            if name is not None and not self.principal.is_admin:
                self.hub.access.check(self.principal, "read_data", DATASET, name)
            return
        if kind in (PIPE, SYSTEM) and name is not None:
            self.hub.configuration.component(kind, name)
        if not self.principal.is_admin:
            where = WHOLE if name is None else kind
            self.hub.access.check(self.principal, permission, where, name or "")


def read_path(path: str) -> tuple[str, str | None]:
    """The kind and id that a path names; no id for what holds in general."""
    kind, slash, name = path.partition("/")
    if slash and kind in (PIPE, SYSTEM, DATASET) and name:
        return kind, name
    word, _, place = path.partition("_")
    if path == WHOLE or (word in (PIPE, SYSTEM, DATASET) and place in PLACES):
        return (WHOLE if path == WHOLE else word), None
    raise NotFoundError(f"there are no permissions at {preview(path)}")


ROUTES = [
    ("/permissions/{path*}", PermissionsHandler),
]
