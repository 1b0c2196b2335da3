"""`sesam-node COMMAND`: what the commands are and how they end.

Exit codes: 0 all is well; 1 what was asked about is not (a test fails, a project has errors);
2 the command could not be carried out. An error is one message, never a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sesam_node import __version__
from sesam_node.cli.dtl import options as dtl_options
from sesam_node.cli.nodes import add_node
from sesam_node.cli.systems import options as systems_options
from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import Sequence

CANNOT = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command and give its exit code."""
    options = parser().parse_args(arguments)
    try:
        return int(COMMANDS[options.command](options))
    except SesamError as error:
        print(f"sesam-node {options.command}: {error}", file=sys.stderr)
        return CANNOT
    except ModuleNotFoundError as error:
        # The bare package is the client.
        hint = 'pip install "sesam-interactive[node]" brings what a node needs'
        print(f"sesam-node {options.command}: {error.msg}; {hint}", file=sys.stderr)
        return CANNOT
    except KeyboardInterrupt:
        print(f"sesam-node {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`). What is still to be written has to
        # go somewhere when Python ends, or it would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="sesam-node", description="A data integration node, compatible with Sesam."
    )
    top.add_argument("--version", action="version", version=f"sesam-node {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", aliases=["start"], help="run a node until told to stop")
    _serve(serve)
    _token(commands.add_parser("token", help="print the token of a node on this machine"))
    _open(commands.add_parser("open", help="open the page of a running node in a browser"))
    _users(commands.add_parser("users", help="add, list and remove the users of a node"))
    _test(commands.add_parser("test", help="run a project and verify what it gives"))
    _demo(commands.add_parser("demo", help="run the pipes of a project and show what they did"))
    _validate(commands.add_parser("validate", help="check a project without running it"))
    _secrets(commands.add_parser("secrets", help="give a node's secrets another key"))
    _verify(commands.add_parser("verify-data", help="check all that a stopped node has stored"))
    _why(commands.add_parser("why", help="say why an entity of a dataset is as it is"))
    dtl_options.add(commands.add_parser("dtl", help="run, check, trace and lay out DTL rules"))
    systems_options.add(commands.add_parser("systems", help="look at systems, make pipes of them"))
    _reference(commands.add_parser("reference", help="write the pages of all component types"))
    commands.add_parser("version", help="print the version")
    return top


def _serve(command: argparse.ArgumentParser) -> None:
    command.description = "Run a node. Options win over the variables SESAM_… of the same name."
    _data(command)
    command.add_argument("--port", type=int, help="default 9042; 0 takes a free one")
    command.add_argument("--host", help="default 127.0.0.1; others need a key")
    command.add_argument("--project", type=Path, metavar="DIR", help="a project folder to load")
    command.add_argument("--profile", help="which <profile>-env.json of it, default test")
    command.add_argument(
        "--watch",
        action="store_const",
        const=True,
        help="follow the project folder: what changes in it is applied",
    )
    command.add_argument(
        "--config-file",
        type=Path,
        metavar="FILE",
        help="a list of components to load and watch, default DIR/node-config.json",
    )
    command.add_argument(
        "--no-developer-mode",
        dest="developer_mode",
        action="store_const",
        const=False,
        help="refuse the commands of the official client that empty a node",
    )
    command.add_argument(
        "--allow-commands",
        action="store_const",
        const=True,
        help="run the commands of microservice systems: for development on your own machine",
    )
    _secrets_key(command)
    command.add_argument(
        "--containers",
        metavar="ENGINE",
        help="run the containers of microservice systems: docker, podman, a path, auto",
    )
    command.add_argument("--jwt-key", metavar="TEXT", help="a secret to check HS256 tokens with")
    command.add_argument(
        "--jwt-public-key", metavar="PEM", help="a public key, or its file, for tokens of others"
    )
    command.add_argument("--jwt-algorithm", choices=("HS256", "RS256", "EdDSA"))
    command.add_argument("--jwt-issuer", metavar="TEXT", help="who must have issued tokens")
    command.add_argument("--jwt-audience", metavar="TEXT", help="whom tokens must be for")
    command.add_argument("--workers", type=int, help="processes for pumps")
    command.add_argument("--log-level", choices=("debug", "info", "warning", "error"))
    command.add_argument("--log-format", choices=("text", "json"))
    command.add_argument(
        "--stop-with-stdin",
        action="store_const",
        const=True,
        help="end when standard input closes: for a node that is another program's child",
    )


def _token(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Print the token of the administrator of a node on this machine. With --name make an API"
        " key instead, which can be listed and revoked; its token is printed this once."
    )
    _data(command)
    command.add_argument(
        "--allow-commands",
        action="store_const",
        const=True,
        help="run the commands of microservice systems: for development on your own machine",
    )
    command.add_argument("--jwt-key", metavar="TEXT", help="make the token with this key")
    command.add_argument("--jwt-issuer", metavar="TEXT")
    command.add_argument("--jwt-audience", metavar="TEXT")
    command.add_argument("--hours", type=float, help="make a new token that ends after so long")
    command.add_argument("--name", metavar="TEXT", help="make an API key of this name")
    _roles(command, "of the API key; again for several, default group:Developer")
    command.add_argument(
        "--expires", metavar="TIME", help="when the API key ends: 12h, 90d or a date, 2027-01-31"
    )
    command.add_argument("--list", action="store_true", help="list the API keys")
    command.add_argument("--revoke", metavar="ID", help="end an API key")


def _open(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Open the page of a running node in a browser, logged in. Without --node that of the node"
        " on the data folder."
    )
    add_node(command)
    command.add_argument(
        "--print",
        action="store_true",
        help="print the link instead: it holds the token, so it is as secret",
    )


def _users(command: argparse.ArgumentParser) -> None:
    command.description = "Users who log in to a node on this machine, running or not."
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a user; the password is asked for, or read")
    listing = actions.add_parser("list", help="list the users")
    remove = actions.add_parser("remove", help="remove a user; his tokens end")
    passwd = actions.add_parser("passwd", help="give a user another password; his tokens end")
    roles = actions.add_parser("roles", help="give a user other roles")
    for action in (add, listing, remove, passwd, roles):
        _data(action)
    for action in (add, remove, passwd, roles):
        action.add_argument("email")
    add.add_argument("--name", default="", metavar="TEXT", help="a name for people")
    for action in (add, roles):
        _roles(action, "again for several; default group:User")


def _roles(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("--role", dest="roles", action="append", metavar="ROLE", help=text)


def _test(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Upload a project, load its testdata, run all pipes and compare with expected/. "
        "Without --node on a node of its own, which is gone afterwards."
    )
    command.add_argument("project", type=Path)
    _profile(command)
    command.add_argument("--keep", type=Path, metavar="DIR", help="keep the node's data here")
    command.add_argument("--node", metavar="URL", help="a running node; ALL in it is replaced")
    command.add_argument("--jwt", metavar="TOKEN", help="its token (or the variable JWT)")
    command.add_argument(
        "--whitelist-file", type=Path, metavar="FILE", help="the only configuration files to take"
    )
    command.add_argument("--max-run-time", type=int, default=900, metavar="SECONDS")


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--project", type=Path, required=True, metavar="DIR")
    command.add_argument("--data", type=Path, metavar="DIR", help="default: a temporary folder")
    _profile(command)
    command.add_argument("--samples", type=int, default=3, help="entities to show of each pipe")


def _validate(command: argparse.ArgumentParser) -> None:
    command.add_argument("project", type=Path)
    _profile(command)


def _verify(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Read every version of every dataset: bodies against their hashes, what is the latest, the"
        " counters, the indexes. The node must not run meanwhile."
    )
    command.add_argument("datasets", nargs="*", metavar="DATASET", help="only these")
    _data(command)


def _why(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Back from an entity of a dataset through pipes, rules and hops to what came in. "
        "Asks a running node, or works on the data folder of one that does not run."
    )
    command.add_argument("dataset")
    command.add_argument("entity", help="the _id of the entity")
    command.add_argument("--property", metavar="NAME", help="only this, with every step")
    command.add_argument("--depth", type=int, default=10, help="how many pipes to go back")
    command.add_argument("--json", action="store_true", help="the whole answer, for programs")
    command.add_argument("--node", metavar="URL", help="a running node")
    command.add_argument("--jwt", metavar="TOKEN", help="its token (or the variable JWT)")
    _data(command)


def _secrets(command: argparse.ArgumentParser) -> None:
    command.description = "The key that a node's secrets are encrypted with."
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    rotate = actions.add_parser(
        "rotate",
        help="encrypt all secrets under a new key",
        description=(
            "Make a new key, encrypt everything with it, and forget the old one. The node must not"
            " run meanwhile; an interruption at any point loses nothing."
        ),
    )
    _data(rotate)
    _secrets_key(rotate)


def _secrets_key(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--secrets-key-file",
        type=Path,
        metavar="FILE",
        help="the key that secrets are encrypted with, default secrets.key in the data folder",
    )


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, metavar="DIR", help="where the node keeps its data")


def _profile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--profile", default="test", help="which <profile>-env.json, default test")


def _run_serve(options: argparse.Namespace) -> int:
    from sesam_node.cli.serve import serve

    return serve(options)


def _run_token(options: argparse.Namespace) -> int:
    from sesam_node.cli.serve import token

    return token(options)


def _run_open(options: argparse.Namespace) -> int:
    from sesam_node.cli.open import open_page

    return open_page(options)


def _run_users(options: argparse.Namespace) -> int:
    from sesam_node.cli.accounts import users

    return users(options)


def _run_test(options: argparse.Namespace) -> int:
    from sesam_node.cli.test import test

    return test(options)


def _run_demo(options: argparse.Namespace) -> int:
    from sesam_node.cli.demo import demo

    return demo(options)


def _run_validate(options: argparse.Namespace) -> int:
    from sesam_node.cli.validate import validate

    return validate(options)


def _run_secrets(options: argparse.Namespace) -> int:
    from sesam_node.cli.secrets import rotate_secrets

    return rotate_secrets(options)


def _run_verify(options: argparse.Namespace) -> int:
    from sesam_node.cli.verify import verify_data

    return verify_data(options)


def _run_why(options: argparse.Namespace) -> int:
    from sesam_node.cli.why import why

    return why(options)


def _run_version(_options: argparse.Namespace) -> int:
    print(f"sesam-node {__version__}")
    return 0


def _reference(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Write a page for each kind of component, old ones are removed; and fill the tables of"
        " options in the pages that people write."
    )
    folder = Path("docs/components")
    command.add_argument("folder", nargs="?", type=Path, default=folder, metavar="DIR")
    command.add_argument(
        "--pages",
        type=Path,
        default=Path("docs/systems"),
        metavar="DIR",
        help="whose *.md have tables to fill, default docs/systems",
    )
    command.add_argument("--check", action="store_true", help="write nothing; 1 if not current")


def _run_reference(options: argparse.Namespace) -> int:
    from sesam_node.cli.pages import fill, reference
    from sesam_node.pipes.option_tables import fill as tables
    from sesam_node.pipes.reference import GENERATED, pages

    generated = reference(options.folder, pages(), GENERATED, check=options.check)
    return max(generated, fill(options.pages, tables, check=options.check))


COMMANDS = {
    "serve": _run_serve,
    "start": _run_serve,
    "token": _run_token,
    "open": _run_open,
    "users": _run_users,
    "test": _run_test,
    "demo": _run_demo,
    "validate": _run_validate,
    "secrets": _run_secrets,
    "verify-data": _run_verify,
    "why": _run_why,
    "dtl": dtl_options.run,
    "systems": systems_options.run,
    "reference": _run_reference,
    "version": _run_version,
}
