"""The actions of `sesam-node systems` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sesam_node.cli.nodes import add_node, node_of
from sesam_node.errors import InputError

if TYPE_CHECKING:
    import argparse

    from sesam_node.cli.systems.place import Place


def add(command: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    command.description = (
        "Look at what systems have to offer, and make pipes of it: on a running node, or with"
        " --project in a folder without one."
    )
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the systems")
    status = actions.add_parser("status", help="test whether systems can be reached")
    status.add_argument("systems", nargs="*", metavar="SYSTEM", help="only these; all if absent")

    browse = actions.add_parser("browse", help="show the tables, views or files of a system")
    browse.add_argument("system")
    browse.add_argument("offer", nargs="?", help="one of them: its columns and first entities")
    browse.add_argument("--search", default="", metavar="TEXT", help="whose names contain it")
    browse.add_argument("--targets", action="store_true", help="what can be written to")
    browse.add_argument("--limit", type=int, default=5, help="entities to show, default 5")

    collect = actions.add_parser("collect", help="make the pipe that reads one, and run it")
    collect.add_argument("system")
    collect.add_argument("offer", help="a table, view or file")
    collect.add_argument("--no-run", action="store_true", help="save the pipe, and do not run it")

    share = actions.add_parser("share", help="make the pipe that writes a dataset to a table")
    share.add_argument("system")
    share.add_argument("target", help="what to write to")
    share.add_argument("--dataset", metavar="NAME", help="what to write; default as the target")
    for action in (collect, share):
        action.add_argument("--as", dest="name", metavar="NAME", help="the name of the pipe")
        action.add_argument("--yes", action="store_true", help="save it without a question")

    made = actions.add_parser(
        "add",
        help="add a system",
        description=(
            "Add a system of a type, such as postgresql, with its options as NAME=VALUE. What is"
            " required and missing is asked for; so are secrets, which go into the node's secrets"
            " and nowhere else. A secret is named alone to be asked for: `password`."
        ),
    )
    made.add_argument("name", metavar="NAME", help="the id of the system")
    made.add_argument("type", metavar="TYPE", help="its type, such as postgresql or url")
    made.add_argument("values", nargs="*", metavar="OPTION=VALUE")
    for action in (listing, status, browse, collect, share, made):
        _place(action)


def _place(action: argparse.ArgumentParser) -> None:
    action.add_argument("--json", action="store_true", help="the answer as JSON, for programs")
    add_node(action)
    action.add_argument("--project", type=Path, metavar="DIR", help="a project, without a node")
    action.add_argument("--profile", default="test", help="which <profile>-env.json of the project")
    action.add_argument(
        "--secrets", type=Path, metavar="FILE", help='{"name": "secret"} for --project; - is stdin'
    )


def run(options: argparse.Namespace) -> int:
    """Carry out the action that was chosen; gives the exit code."""
    from sesam_node.cli.systems.actions import ACTIONS
    from sesam_node.cli.systems.add import add_system

    place = _place_of(options)
    try:
        return {**ACTIONS, "add": add_system}[options.action](options, place)
    finally:
        place.close()


def _place_of(options: argparse.Namespace) -> Place:
    if options.project is None:
        from sesam_node.cli.systems.running import RunningNode

        if options.secrets is not None:
            raise InputError("--secrets goes with --project: a node has secrets of its own")
        return RunningNode(node_of(options))
    from sesam_node.cli.systems.folder import ProjectFolder

    if options.node is not None or options.data is not None:
        raise InputError("--project works in a folder without a node; leave out --node and --data")
    return ProjectFolder(options.project, options.profile, options.secrets)
