"""Who may do what: roles, the `permissions` of pipes and systems, and what holds without them.

A pipe or system may have a list of `["allow" or "deny", [roles], [permissions]]`; it takes the
place of the defaults below. A denial of any role somebody has wins over what another allows,
whatever the order. A dataset has the permissions of the pipe that writes it (of all of them, where
several do). `group:Admin` may do everything, always: nobody can lock the node's owner out.

The manual, "Security", "Role-based access overview", has the table that the defaults follow. What
somebody has added himself is his own: with `group:User` he may change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sesam_node.config.document import NODE
from sesam_node.config.environment import substitute
from sesam_node.errors import ForbiddenError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from sesam_node.config.diff import Difference
    from sesam_node.hub.active import Active

ADMIN: Final = "group:Admin"
DEVELOPER: Final = "group:Developer"
USER: Final = "group:User"
GUEST: Final = "group:Guest"
EVERYONE: Final = "group:Everyone"
"""Whoever has a valid token."""
ANONYMOUS: Final = "group:Anonymous"
"""Whoever comes without a token."""

PIPE: Final = "pipe"
SYSTEM: Final = "system"
DATASET: Final = "dataset"
WHOLE: Final = "node"

OF_PIPES: Final = frozenset(
    {"read_config", "write_config", "run_pump_operation", "read_data", "write_data"}
)
OF_SYSTEMS: Final = frozenset(
    {"read_config", "write_config", "read_data", "write_data", "read_proxy", "write_proxy"}
)
OF_DATASETS: Final = frozenset({"read_data", "write_data"})
OF_NODE: Final = frozenset(
    {
        "read_config",
        "write_config",
        "run_pump_operation",
        "add_components",
        "write_permissions",
        "read_metrics",
        "manage",
    }
)
"""`manage` is what only administrators may, and no list can give it: users, keys, a reset."""

DEFAULTS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    PIPE: {
        DEVELOPER: OF_PIPES,
        USER: frozenset({"read_config", "read_data", "write_data"}),
        GUEST: frozenset({"read_config"}),
    },
    SYSTEM: {
        DEVELOPER: OF_SYSTEMS,
        USER: frozenset({"read_config", "read_data", "write_data"}),
        GUEST: frozenset({"read_config"}),
    },
    DATASET: {DEVELOPER: OF_DATASETS, USER: OF_DATASETS},
    WHOLE: {
        DEVELOPER: OF_NODE - {"manage", "read_metrics"},
        USER: frozenset({"read_config", "add_components"}),
        GUEST: frozenset({"read_config"}),
    },
}
"""What roles may without a list: kind of object, role, permissions."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a name, and the roles that the token gives."""

    subject: str
    roles: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles

    @property
    def is_anonymous(self) -> bool:
        return self.roles == (ANONYMOUS,)

    @property
    def all_roles(self) -> frozenset[str]:
        """The roles, with the one that everybody has."""
        return frozenset(self.roles if self.is_anonymous else (*self.roles, EVERYONE))


NOBODY: Final = Principal("anonymous", (ANONYMOUS,))


def decide(entries: Any, roles: frozenset[str], permission: str) -> bool:
    """Does a list of permissions allow it? What is no list, or no entry, allows nothing."""
    allowed = False
    for entry in entries if type(entries) is list else ():
        if type(entry) is not list or len(entry) != 3 or type(entry[0]) is not str:
            continue
        verb, concerned, permissions = entry[0].lower(), entry[1], entry[2]
        if type(concerned) is not list or type(permissions) is not list:
            continue
        if permission in permissions and any(role in roles for role in concerned):
            if verb != "allow":
                return False
            allowed = True
    return allowed


class Access:
    """Answers whether somebody may do something with a pipe, a system, a dataset or the node.

    `active` gives the configuration in force, `owners` who has added which component.
    """

    def __init__(
        self, active: Callable[[], Active], owners: Callable[[], Mapping[str, str]]
    ) -> None:
        self._active = active
        self._owners = owners

    def may(self, who: Principal, permission: str, kind: str, name: str = "") -> bool:
        """May `who` do what takes `permission` with this object, be it there or not?"""
        if who.is_admin:
            return True
        if kind == DATASET:
            writers = self._active().pipes_of_dataset(name)
            if writers:
                return all(self.may(who, permission, PIPE, pipe) for pipe in writers)
        elif kind in (PIPE, SYSTEM):
            checked = self._active().checked.effective.get(name)
            if checked is not None and checked.get("permissions") is not None:
                return decide(checked["permissions"], who.all_roles, permission)
            if USER in who.roles and self._owners().get(name) == who.subject:
                return True
        elif permission != "manage":
            own = self._active().metadata.get("permissions")
            if own is not None:
                return decide(own, who.all_roles, permission)
        given = DEFAULTS[kind]
        return any(permission in given.get(role, ()) for role in who.all_roles)

    def shown(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The list that holds for an object, `own` or the defaults; without a name the defaults.

        A dataset has the lists of the pipes that write it, one after the other.
        """
        active = self._active()
        if kind == DATASET and name is not None:
            writers = active.pipes_of_dataset(name)
            if writers:
                lists = [self.shown(PIPE, pipe) for pipe in writers]
                return {
                    "permissions": [entry for found in lists for entry in found["permissions"]],
                    "own": any(found["own"] for found in lists),
                    "from": list(writers),
                }
        component = NODE if kind == WHOLE else name
        own = active.checked.effective.get(component, {}).get("permissions") if component else None
        if own is not None and kind != DATASET:
            return {"permissions": own, "own": True}
        return {
            "permissions": [
                ["allow", [role], sorted(given)] for role, given in DEFAULTS[kind].items()
            ],
            "own": False,
        }

    def check(self, who: Principal, permission: str, kind: str, name: str = "") -> None:
        """Raises ForbiddenError, naming what is missing."""
        if not self.may(who, permission, kind, name):
            raise forbidden(who, [(permission, kind, name)])

    def allowed(
        self, who: Principal, permission: str, kind: str, names: Iterable[str]
    ) -> frozenset[str]:
        """Those of the names with which `who` may do this."""
        return frozenset(name for name in names if self.may(who, permission, kind, name))

    def check_all(self, who: Principal, permission: str, kind: str, names: Iterable[str]) -> None:
        """Raises ForbiddenError where there is one with which `who` may not do this."""
        missing = [name for name in names if not self.may(who, permission, kind, name)]
        if missing:
            raise forbidden(who, [(permission, kind, name) for name in sorted(missing)])

    def origins(self, dataset: str) -> frozenset[str]:
        """The datasets that a dataset comes from, through all pipes on the way."""
        active = self._active()
        found: set[str] = set()
        waiting = [dataset]
        while waiting:
            for pipe in active.pipes_of_dataset(waiting.pop()):
                new = active.facts[pipe].reads - found
                found |= new
                waiting += new
        return frozenset(found)

    def check_source(self, who: Principal, pipe: str) -> None:
        """Raises ForbiddenError where `who` may not read what a pipe reads, as it comes in."""
        facts = self._active().facts.get(pipe)
        if facts is not None:
            self.check_all(who, "read_data", DATASET, facts.sources)

    def check_mentions(self, who: Principal, value: Any, datasets: Iterable[str]) -> None:
        """Raises ForbiddenError where rules or a draft name data that `who` may not read.

        A dataset is named by a string of its own, in hops with an alias behind it, perhaps by a
        variable; so every string is looked at, wherever it stands.
        """
        if who.is_admin:
            return
        active = self._active()
        hidden = {(DATASET, name) for name in datasets}
        hidden |= {(SYSTEM, name) for name in active.document.systems}
        hidden = {item for item in hidden if not self.may(who, "read_data", *item)}
        if not hidden:
            return
        words = set(_words(substitute(value, active.env, (), [])))
        named = sorted((kind, name) for kind, name in hidden if name in words)
        if named:
            raise forbidden(who, [("read_data", kind, name) for kind, name in named])

    # -- changes of the configuration --------------------------------------------------------------

    def check_change(
        self, who: Principal, old: Active, new: Mapping[str, Any], difference: Difference
    ) -> None:
        """Raises ForbiddenError where `who` may not make this change; `new` are the originals."""
        if who.is_admin:
            return
        before = old.document.by_id
        missing: list[tuple[str, str, str]] = []
        for name in (*difference.changed, *difference.removed):
            kind = kind_of(before[name])
            if not self.may(who, "write_config", kind, name):
                missing.append(("write_config", kind, name))
        if NODE in difference.added and not self.may(who, "write_config", WHOLE):
            missing.append(("write_config", WHOLE, ""))
        others = [name for name in difference.added if name != NODE]
        if others and not self.may(who, "add_components", WHOLE):
            missing.append(("add_components", WHOLE, ""))
        for name in (*difference.added, *difference.changed):
            lists = (_lists(before.get(name)), _lists(new.get(name)))
            if lists[0] != lists[1] and not self.may(who, "write_permissions", WHOLE):
                missing.append(("write_permissions", WHOLE, ""))
                break
        if missing:
            raise forbidden(who, missing)

    def check_use(self, who: Principal, new: Active) -> None:
        """Raises ForbiddenError where pipes begin to do what whoever changes them may not.

        A pipe reads and writes with the rights of its author (the manual, "Sesam node runtime");
        here that is asked when he saves it, by the permissions in force before, of what the pipe
        did not read or write yet. A variable can change that, and the lists in force, too.
        """
        if who.is_admin:
            return
        old = self._active()
        missing: set[tuple[str, str, str]] = set()
        for pipe in new.facts:
            before = _uses(old, pipe) if pipe in old.facts else set()
            missing |= {item for item in _uses(new, pipe) - before if not self.may(who, *item)}
        known, after = old.checked.effective, new.checked.effective
        changed = any(
            known[name].get("permissions") != component.get("permissions")
            for name, component in after.items()
            if name in known
        )
        if changed and not self.may(who, "write_permissions", WHOLE):
            missing.add(("write_permissions", WHOLE, ""))
        if missing:
            raise forbidden(who, sorted(missing))


def _uses(active: Active, pipe: str) -> set[tuple[str, str, str]]:
    """What a pipe takes of datasets and systems: permission, kind and name."""
    facts, sink = active.facts[pipe], active.effective(pipe).get("sink")
    written = sink.get("system") if type(sink) is dict else None
    found = {("read_data", DATASET, name) for name in facts.reads}
    found |= {
        ("write_data" if name == written else "read_data", SYSTEM, name) for name in facts.systems
    }
    if facts.sink is not None:
        found.add(("write_data", DATASET, facts.sink))
    return found


def new_owners(
    owners: Mapping[str, str], difference: Difference, by: Principal | None
) -> dict[str, str]:
    """Who has added which component, after a change."""
    kept = {name: owner for name, owner in owners.items() if name not in difference.removed}
    if by is not None:
        kept |= dict.fromkeys(difference.added, by.subject)
    return kept


def kind_of(component: Mapping[str, Any]) -> str:
    """What a component is to permissions: a pipe, a system, or the node itself."""
    if component.get("_id") == NODE:
        return WHOLE
    return PIPE if component.get("type") == PIPE else SYSTEM


def _lists(component: Any) -> list[Any]:
    """Everything that decides about permissions in a component, wherever it is written."""
    if type(component) is dict:
        own = [component["permissions"]] if "permissions" in component else []
        block = component.get("$conditional_properties")
        if type(block) is dict:
            alternatives = block.get("alternatives")
            inner = _lists_of(alternatives)
            if inner:
                own += [block.get("condition"), inner]
        return own
    return []


def _lists_of(alternatives: Any) -> list[Any]:
    if type(alternatives) is not dict:
        return []
    found = {key: _lists(value) for key, value in alternatives.items()}
    return [found] if any(found.values()) else []


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from value.split()[:1]
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _words(key)
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)


MOST_TOLD = 20


def forbidden(who: Principal, missing: Collection[tuple[str, str, str]]) -> ForbiddenError:
    """The refusal that says which permissions are missing, on what."""
    texts = [
        f'"{permission}" on the {kind}' + (f' "{name}"' if name else "")
        for permission, kind, name in missing
    ]
    roles = ", ".join(who.roles) or "none"
    problems = [
        Problem("", "forbidden", f"the permission {text} is missing", f"the roles are: {roles}")
        for text in texts[:MOST_TOLD]
    ]
    more = f" and {len(texts) - MOST_TOLD} more" if len(texts) > MOST_TOLD else ""
    listed = ", ".join(texts[:MOST_TOLD]) + more
    plural = "permissions" if len(texts) > 1 else "permission"
    verb = "are" if len(texts) > 1 else "is"
    return ForbiddenError(f"the {plural} {listed} {verb} missing", problems)
