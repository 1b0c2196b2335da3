"""`%%dtl`: run a cell's transforms on real entities, look at the result, save it as a pipe."""

from __future__ import annotations

import difflib
import os
import re
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from sesam_interactive.client import ClientError, Hub, current_hub
from sesam_interactive.client.managed import PROJECT_VARIABLE
from sesam_interactive.display.json_text import pretty
from sesam_interactive.frames import from_frame
from sesam_interactive.magics.cell import Cell, CellError, read_cell
from sesam_interactive.magics.result import DtlResult
from sesam_node.dtl import RuleContext, compile_rules
from sesam_node.errors import DtlError, preview, suggestion

if TYPE_CHECKING:
    from sesam_node.model import Entity

LIMIT = 20
# Sources that wait to be written to: nothing to sample but what they wrote.
NOT_READABLE = ("http_endpoint",)
BIND = re.compile(r"^\s*([A-Za-z_]\w*)\s*<<\s*")


@magics_class
class DtlMagics(Magics):
    """The `%%dtl` cell magic."""

    @magic_arguments()
    @argument("name", nargs="?", help="a pipe, to run other rules on its source; or a dataset")
    @argument("--dataset", "-d", help="a dataset whose entities the rules run on")
    @argument("--limit", "-n", type=int, default=LIMIT, help="how many source entities (20)")
    @argument("--entity", "-e", action="append", help="run on the entity with this _id")
    @argument("--from", dest="given", help="$variable: an entity, a list of them, or a frame")
    @argument("-o", "--out", help="bind the result to this variable and show nothing")
    @argument("--save", metavar="PIPE", help="save as this pipe, on the node and in the project")
    @argument("--yes", action="store_true", help="save over an existing pipe")
    @argument("--project", help="the project folder to save to (default: the workbench's)")
    @argument("--check", action="store_true", help="fail when an entity fails (for CI)")
    @no_var_expand
    @cell_magic
    def dtl(self, line: str, cell: str) -> DtlResult | None:
        """Run the DTL in this cell on real entities; nothing is written without --save.

        `%%dtl PIPE` runs it in place of that pipe's transforms, on the pipe's source; `%%dtl
        --dataset NAME` runs it on the entities of a dataset.
        The cell holds a list of transforms, a dict of rules or a whole pipe, with comments if you
        like. "{{expression}}" puts a value of the kernel in. `out << NAME` binds like -o.
        """
        bind = BIND.match(line)
        options = parse_argstring(self.dtl, line[bind.end() :] if bind else line)
        out = bind[1] if bind else options.out
        hub = current_hub()
        parsed = read_cell(cell, self._evaluate)
        _check(parsed, hub)
        config = _draft(parsed, options, hub)
        result = self._run(hub, config, options, parsed)
        if options.check and result.errors:
            raise CellError(f"{len(result.errors)} entities failed", text=repr(result))
        if out:
            self._namespace[out] = result
        elif not options.save:
            return result
        else:
            display(result)
        if options.save:
            _save(hub, config, options)
        return None

    def _evaluate(self, expression: str) -> Any:
        return eval(expression, self._namespace)  # noqa: S307 - the user's own kernel

    @property
    def _namespace(self) -> dict[str, Any]:
        namespace: dict[str, Any] = self.shell.user_ns  # type: ignore[union-attr]
        return namespace

    def _run(self, hub: Hub, config: dict[str, Any], options: Any, cell: Cell) -> DtlResult:
        entities = self._given(options.given) if options.given else None
        if entities is None and options.entity:
            entities = _chosen(hub, config, options.entity)
        # The source is named, so that the node samples it; the draft is never deployed.
        pipe = hub.pipes.make(str(config["_id"]))
        try:
            results = pipe.preview(config, entities, options.limit)
        except ClientError as error:
            inside = [p for p in error.problems if p.path]
            raise (cell.error(inside) if inside else error) from None
        return DtlResult(str(options.dataset or options.name or config["_id"]), results)

    def _given(self, expression: str) -> list[Entity]:
        value = self._evaluate(expression.lstrip("$"))
        if isinstance(value, dict):
            return [value]
        if hasattr(value, "columns"):
            return from_frame(value)
        return list(value)


def _check(cell: Cell, hub: Hub) -> None:
    """All problems of the rules at once, found here in the kernel. Raises CellError."""
    if cell.is_pipe:
        return
    prefix = tuple(cell.prefix.removeprefix("$.").split("."))
    context = RuleContext(datasets=frozenset(hub.datasets.names()) | frozenset(hub.pipes.names()))
    try:
        compile_rules(cell.rules, context, path=prefix[:2])
    except DtlError as error:
        raise cell.error(error.problems) from None


def _draft(cell: Cell, options: Any, hub: Hub) -> dict[str, Any]:
    """The pipe that the cell describes: the named one with other rules, or one over a dataset."""
    if cell.is_pipe:
        return {"_id": "draft", "type": "pipe", **cell.value}
    transform = {"type": "dtl", "rules": cell.rules}
    name = options.dataset or options.name
    if name is None:
        raise CellError("name a pipe or dataset to run on: %%dtl NAME, or %%dtl --dataset NAME")
    pipes = [] if options.dataset else hub.pipes.names()
    if name in pipes:
        pipe = hub.pipes.make(name)
        effective = pipe.effective
        if effective["source"].get("type") not in NOT_READABLE:
            return {**pipe.config, "transform": transform}
        name = str(effective.get("sink", {}).get("dataset") or name)
    datasets = hub.datasets.names()
    if name not in datasets:
        hint = suggestion(name, [*pipes, *datasets])
        text = f'there is no {"" if options.dataset else "pipe or "}dataset "{name}"'
        raise CellError(f"{text}; {hint}" if hint else text)
    source = {"type": "dataset", "dataset": name}
    return {"_id": f"{name}-draft", "type": "pipe", "source": source, "transform": transform}


def _chosen(hub: Hub, config: dict[str, Any], ids: list[str]) -> list[Entity]:
    """The source entities with these ids, in the order asked for."""
    name = config["source"].get("dataset")
    if name:
        dataset = hub.datasets.make(str(name))
        return [dataset.entity(entity_id) for entity_id in ids]
    found: dict[str, Entity] = {}
    for entity in hub.pipes.make(str(config["_id"])).entities(stage="source"):
        if entity["_id"] in ids:
            found[entity["_id"]] = entity
            if len(found) == len(set(ids)):
                break
    missing = [entity_id for entity_id in ids if entity_id not in found]
    if missing:
        raise CellError(f"the source has no entity {preview(missing[0])}")
    return [found[entity_id] for entity_id in ids]


def _save(hub: Hub, config: dict[str, Any], options: Any) -> None:
    """Show what changes, then put the pipe on the node and into the project folder."""
    name = options.save
    config = {**config, "_id": name, "type": "pipe"}
    sink = config.get("sink")
    if isinstance(sink, dict) and name != options.name and sink.get("dataset"):
        config["sink"] = {k: v for k, v in sink.items() if k != "dataset"}
    before = hub.pipes.make(name).config if name in hub.pipes.names() else None
    if before is not None and before != config:
        changes = _difference(before, config, name)
        if not options.yes:
            text = f'"{name}" exists; this would change it (save with --yes):\n{changes}'
            raise CellError("not saved", text=text)
        _print(changes)
    hub.pipes.make(name).save(config)
    folder = options.project or os.environ.get(PROJECT_VARIABLE)
    where = f", written to {hub.project(folder).save(config)}" if folder else ""
    _print(f'saved "{name}" on {hub.url}{where}')


def _difference(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    old, new = (pretty(config).splitlines() for config in (before, after))
    title = f"{name} (deployed)", f"{name} (new)"
    return "\n".join(difflib.unified_diff(old, new, title[0], title[1], lineterm=""))


def _print(text: str) -> None:
    display({"text/plain": text}, raw=True)
