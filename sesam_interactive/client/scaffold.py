"""Notebooks made for a pipe or a dataset: `hub.pipes["orders"].notebook()`.

They run from top to bottom as they are, write nothing but where `RUN` is set to true, and hold no
token and no data: only names and the deployed rules. A cell that asks a system outside the node has
the tag `raises-exception`, so that the rest runs where that system is down.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_node.dtl.format import format_text

if TYPE_CHECKING:
    from collections.abc import Mapping

INSIDE = (
    "dataset",
    "union_datasets",
    "merge",
    "merge_datasets",
    "diff_datasets",
    "embedded",
    "empty",
)
WIDTH = 92
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
OUTSIDE = ["raises-exception"]
CONNECT = """import sesam_interactive

# The node of NODE and JWT, or the workbench's own; connect(profile="...") takes another.
hub = sesam_interactive.connect()
"""
Json = dict[str, Any]


class _Cells:
    """The cells of a notebook, with ids that say what they are."""

    def __init__(self) -> None:
        self.cells: list[Any] = []

    def text(self, name: str, *lines: str) -> None:
        self.cells.append(_nbformat().v4.new_markdown_cell("\n".join(lines), id=name))

    def code(self, name: str, source: str, *, outside: bool = False) -> None:
        metadata = {"tags": OUTSIDE} if outside else {}
        made = _nbformat().v4.new_code_cell(source.strip("\n"), id=name, metadata=metadata)
        self.cells.append(made)

    def write(self, file: Path, *, overwrite: bool) -> Path:
        nbformat = _nbformat()
        language = {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"}
        metadata = {"kernelspec": KERNEL, "language_info": language}
        notebook = nbformat.v4.new_notebook(cells=self.cells, metadata=metadata)
        nbformat.validate(notebook)
        return _written(file, nbformat.writes(notebook) + "\n", overwrite=overwrite)


def _nbformat() -> Any:
    """The library, which has no types."""
    import nbformat

    return nbformat


def notebook_file(path: str | Path | None, name: str) -> Path:
    """The file for a path; of a folder, or without a path, one named after the pipe or dataset."""
    own = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "notebook"
    file = Path(f"{own}.ipynb") if path is None else Path(path).expanduser()
    if file.is_dir():
        file = file / f"{own}.ipynb"
    return file if file.suffix == ".ipynb" else file.with_name(f"{file.name}.ipynb")


def _written(file: Path, text: str, *, overwrite: bool) -> Path:
    """Write the file whole or not at all. Raises ClientError where it is there already."""
    if not file.parent.is_dir():
        raise ClientError(f"there is no folder {file.parent}")
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, "utf-8")
        if overwrite:
            partial.replace(file)
        else:
            # Fails where the file exists, also one that came up a moment ago.
            os.link(partial, file)
    except FileExistsError:
        told = f"{file} exists; overwrite=True replaces it"
        raise ClientError(told) from None
    except OSError as error:
        raise ClientError(f"cannot write {file}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return file


# -- a pipe ----------------------------------------------------------------------------------------


def pipe_notebook(
    info: Mapping[str, Any], path: str | Path | None = None, *, overwrite: bool = False
) -> Path:
    """Write the notebook for a pipe, from what the node says of it; gives its file."""
    name = str(info["_id"])
    file = notebook_file(path, name)
    cells = _Cells()
    facts = _Facts(info)
    cells.text("title", f"# Pipe `{name}`", *facts.description, "", facts.way)
    cells.code("connect", f"{CONNECT}pipe = hub.pipes[{json.dumps(name)}]\npipe")
    cells.text("look", "## Look", "What it reads from and what reads it:")
    cells.code("flow", f"hub.flow().around({json.dumps(name)})")
    if not facts.receives:
        cells.text("about-source", "The first entities that come in:")
        source = 'source = list(pipe.entities(stage="source", limit=5))\nsource[:2]'
        cells.code("source", source, outside=facts.outside)
    if facts.sink:
        cells.text("about-sink", "What it has written, and what its properties are like:")
        cells.code("sink", SINK)
    _rules(cells, name, facts)
    if facts.sink and not facts.receives:
        cells.text("about-diff", DIFF_TEXT)
        cells.code("diff", "pipe.diff(limit=300)", outside=facts.outside)
    _run(cells, facts)
    _tests(cells, facts)
    return cells.write(file, overwrite=overwrite)


SINK = """sink = pipe.dataset
sink.profile(limit=1_000) if sink.exists() else f"{sink.name} is not there before the first run\""""
DIFF_TEXT = "What a run of the deployed rules would change in the sink now; nothing is written:"


class _Facts:
    """What of a pipe its notebook depends on."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        self.original: Json = info["config"]["original"]
        effective = info["config"]["effective"]
        source, sink = (effective.get(part) or {} for part in ("source", "sink"))
        self.source_type, self.sink_type = str(source.get("type")), str(sink.get("type"))
        self.receives = self.source_type == "http_endpoint"
        self.publishes = self.sink_type.endswith("_endpoint")
        self.sink: str | None = info["graph"]["output"]
        transform = effective.get("transform")
        steps = transform if isinstance(transform, list) else [transform] if transform else []
        self.rules = self._rules(steps)
        # A transform may ask a system, too.
        asks = any(isinstance(step, dict) and step.get("type") != "dtl" for step in steps)
        self.outside = self.source_type not in (*INSIDE, "http_endpoint") or asks
        inputs, hops = info["graph"]["inputs"], info["graph"]["dependencies"]
        came = ", ".join(f"`{name}`" for name in inputs) or f"a source of type `{self.source_type}`"
        goes = f"the dataset `{self.sink}`" if self.sink else f"a sink of type `{self.sink_type}`"
        hopped = f", with hops to {', '.join(f'`{name}`' for name in hops)}" if hops else ""
        self.way = f"From {came}{hopped}, to {goes}."
        text = effective.get("description")
        told = " ".join(text) if isinstance(text, list) else text
        self.description = ["", str(told)] if told else []

    def _rules(self, steps: list[Any]) -> Json | None:
        """The rules as they were uploaded, where they are the only transform."""
        if len(steps) != 1 or not isinstance(steps[0], dict) or steps[0].get("type") != "dtl":
            return None
        original = self.original.get("transform")
        first = original[0] if isinstance(original, list) else original
        rules = first.get("rules") if isinstance(first, dict) else None
        found = rules or steps[0].get("rules")
        return found if isinstance(found, dict) else None


def _rules(cells: _Cells, name: str, facts: _Facts) -> None:
    """The cell with the deployed rules; of a pipe with other transforms the whole configuration."""
    cells.text("rules", "## Rules", *RULES_TEXT)
    magic, draft = f"%%dtl {name}", DRAFT_RULES
    if facts.rules:
        value: Any = facts.rules.get("default") if set(facts.rules) == {"default"} else facts.rules
        text = format_text(json.dumps(value, ensure_ascii=False), width=WIDTH)
        draft = draft if isinstance(value, list) else draft.replace('{"default": rules}', "rules")
    elif facts.original.get("transform"):
        magic, draft = "%%dtl", "rules"
        text = format_text(json.dumps(facts.original, ensure_ascii=False), width=WIDTH)
    else:
        text = NO_RULES
    if is_plain(name) and "{{" not in text:
        source = f"{magic} --limit 20 -o made\n{text}"
    else:
        # A line of the magic takes names of one word, and braces in a cell ask for a variable.
        rules = _literal(NO_RULES_JSON if text is NO_RULES else text.strip())
        source = DRAFT.format(rules=rules, draft=draft)
    cells.code("dtl", source, outside=facts.outside)
    cells.code("made", "made", outside=facts.outside)


DRAFT_RULES = '{**pipe.config, "transform": {"type": "dtl", "rules": {"default": rules}}}'
DRAFT = """import json

rules = json.loads({rules})
made = pipe.preview({draft}, limit=20)"""
NO_RULES_JSON = '[["copy", "*"]]'
NO_RULES = """[
  // the pipe has no rules yet: everything is copied as it is
  ["copy", "*"]
]"""
RULES_TEXT = (
    "As they are deployed. Change them and run the cell: nothing is written without `--save`.",
    "`%%dtl?` tells what the magic can do.",
)


def _run(cells: _Cells, facts: _Facts) -> None:
    if facts.receives:
        cells.text("run", "## Run", "It is run by who sends entities to it.")
        return
    if facts.publishes:
        cells.text("run", "## Read", "It is run by who reads it; this is what they get:")
        read = "published = list(pipe.entities(limit=5))\npublished[:2]"
        cells.code("published", read, outside=facts.outside)
        return
    cells.text(
        "run", "## Run", "Runs the pump on the node, with the rules that are deployed there."
    )
    cells.code(
        "run-it",
        "RUN = False  # True runs it\n\nif RUN:\n    pipe.run()\npipe.runs()",
        outside=True,
    )


def _tests(cells: _Cells, facts: _Facts) -> None:
    cells.text("tests", "## Tests", *TESTS_TEXT)
    if facts.receives:
        cells.code("test", RECEIVER_TEST)
        return
    cells.code("test", PIPE_TEST, outside=facts.outside)


TESTS_TEXT = ("What should hold for the deployed rules, on real entities. Add what you rely on.",)
PIPE_TEST = """results = pipe.preview(limit=50)
errors = [result["error"] for result in results if result["error"]]
assert not errors, errors[0]

emitted = [entity for result in results for entity in result["emitted"]]
ids = [entity["_id"] for entity in emitted]
assert len(set(ids)) == len(ids), "ids come twice"
print(f"{len(results)} source entities make {len(emitted)}, without errors")"""
RECEIVER_TEST = """received = pipe.dataset.head(50)
assert all(entity["_id"] for entity in received)
print(f"{len(received)} of {len(pipe.dataset):,} entities looked at")"""


def _literal(text: str) -> str:
    """A text as Python writes it, over several lines where it can be."""
    return repr(text) if "'''" in text else f"r'''{text}'''"


def is_plain(name: str) -> bool:
    """Is a name one word of a magic's line?"""
    return re.fullmatch(r"[\w.:-]+", name) is not None


# -- a dataset -------------------------------------------------------------------------------------


def dataset_notebook(name: str, path: str | Path | None = None, *, overwrite: bool = False) -> Path:
    """Write the notebook for a dataset; gives its file."""
    file = notebook_file(path, name)
    quoted = json.dumps(name)
    cells = _Cells()
    cells.text("title", f"# Dataset `{name}`")
    cells.code("connect", f"{CONNECT}dataset = hub.datasets[{quoted}]\ndataset")
    cells.text("look", "## Look", "What its properties are like:")
    cells.code("profile", "dataset.profile(limit=10_000)")
    cells.text("about-flow", "Where it comes from and who reads it:")
    cells.code("flow", f"hub.flow().around({json.dumps(f'dataset:{name}')})")
    cells.text("frame", "## As a frame")
    cells.code("frame-it", "frame = dataset.to_polars(limit=10_000)\nframe.head()")
    cells.text("entity", "## One entity", "Its changes, newest first:")
    cells.code("history", ENTITY)
    if is_plain(name):
        cells.text("dtl-title", "## Rules on it", "Nothing is written without `--save PIPE`.")
        cells.code("dtl", f'%%dtl --dataset {name} --limit 20 -o made\n[\n  ["copy", "*"]\n]')
        cells.code("made", "made")
    cells.text("tests", "## Tests", "What should hold for its entities. Add what you rely on.")
    cells.code("test", DATASET_TEST)
    return cells.write(file, overwrite=overwrite)


ENTITY = """first = next(iter(dataset.head(1)), None)
dataset.history(first["_id"]) if first else "it has no entities yet\""""
DATASET_TEST = """sample = dataset.head(1_000)
ids = [entity["_id"] for entity in sample]
assert all(ids) and len(set(ids)) == len(ids)
print(f"{len(sample):,} of {len(dataset):,} entities looked at")"""
