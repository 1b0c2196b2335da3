"""Completion and inspection of the magics, as IPython's completer gives them."""

import threading

import pytest
from IPython.core.completer import provisionalcompleter

from sesam_interactive.magics import completion, inspection, knowledge
from sesam_interactive.magics.draft import Known
from sesam_interactive.magics.knowledge import Knowledge
from sesam_interactive.magics.rule_book import rule_book

PIPE = """{
  "source": {"type": "dataset", "dataset": "person"},
  "transform": {"type": "dtl", "rules": {"default": [["add", "x", "_S.|"""


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """What is right is tested here, on a busy machine too; who types does not wait so long."""
    monkeypatch.setattr(knowledge, "WAIT_S", 60.0)


@pytest.fixture
def loaded(hub):
    rule_book(hub).clear()
    for name in ("person", "dept"):
        hub.pipes[name].run(progress=False)
    return hub


def completed(shell, text):
    """What is offered at `|` of a text: what would be replaced, and the choices in their order."""
    offset = text.index("|")
    code = text.replace("|", "", 1)
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, offset))
    replaced = {code[one.start : one.end] for one in found}
    return replaced.pop() if replaced else None, [one.text for one in found]


@pytest.mark.parametrize(
    ("text", "replaced", "choices"),
    [
        ('["upp|', "upp", ["upper"]),
        ('["upp|"]', "upp", ["upper"]),
        ('"_S.|"', "", ["_id", "born", "dept", "name", "worth"]),
        ('"_S.na|"', "na", ["name"]),
        ('"_S.na|me"', None, []),
        ('["hops", {"datasets": ["de|', "de", ["dept d"]),
        ('["hops", {"datasets": ["dept d"], "where": ["eq", "d.|', "", ["_id", "title"]),
        ('["apply", "en|', "en", ["enrich"]),
        ('"{{pre|}}"', "pre", ["prefix"]),
        ('"{{len(pre|', "pre", ["prefix"]),
        ('"no such thing|', None, []),
    ],
)
def test_in_a_cell_only_what_fits_is_offered(shell, loaded, text, replaced, choices):
    shell.user_ns["prefix"] = "x"
    shell.run_cell_magic("dtl", "--name enrich", '[["copy", "_id"]]')
    cell = f'%%dtl person\n[\n  ["copy", "_id"],\n  ["add", "x", {text}'
    assert completed(shell, cell) == (replaced, choices)


@pytest.mark.parametrize(
    ("first", "body"),
    [
        ("%%dtl --dataset person", '[["add", "x", "_S.|'),
        ("%%dtl out << person --limit 3", '[["add", "x", "_S.|'),
        ("%%dtl --diff person@prod", '[["add", "x", "_S.|'),
        ("%%dtl --where 'a > 1' person", '[["add", "x", "_S.|'),
        ("%%dtl", PIPE),
    ],
)
def test_the_properties_are_those_of_what_the_line_or_the_pipe_names(shell, loaded, first, body):
    assert completed(shell, f"{first}\n{body}")[1] == ["_id", "born", "dept", "name", "worth"]


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("%%dtl per|", ["person", "person-named"]),
        ("%%dtl person --sa|", ["--save"]),
        ("%%dtl person --tr|", ["--trace", "--transform"]),
        ("%%dtl person --save fa|", ["failing"]),
        ("%%dtl person --diff person-n|", ["person-named"]),
        ("%%dtl --dataset de|", ["dept"]),
        ("%%dtl person --from $mi|", ["$mine"]),
        ("%dtl fo|", ["format"]),
        ("%dtl help conc|", ["concat"]),
        ("%dtl? conc|", ["concat"]),
        ("%dtl check dep|", ["dept"]),
        ("%dtl node lo|", ["local"]),
        ("%sesam sta|", ["status"]),
        ("x = 1\n%sesam run dep|", ["dept"]),
        ("%sesam run dept --f|", ["--force", "--full"]),
        ("%sesam node st|", ["start", "stop"]),
        ("%sesam datasets pers|", ["person", "person-named"]),
    ],
)
def test_lines_complete_options_commands_and_names(shell, loaded, text, choices):
    shell.user_ns["mine"] = []
    assert completed(shell, text)[1] == choices


def test_a_pipe_of_another_node_is_completed_with_its_profile(shell, loaded, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "sesam-interactive" / "profiles.json"
    file.parent.mkdir()
    file.write_text('{"prod": {"node": "x"}, "test": {"node": "y"}}')
    assert completed(shell, "%%dtl --diff person@|")[1] == ["person@prod", "person@test"]


def test_python_is_completed_as_before(shell, loaded):
    shell.user_ns["my_variable"] = 1
    assert "my_variable" in completed(shell, "my_var|")[1]


def test_loading_the_extension_again_completes_once(shell, loaded):
    import sesam_interactive

    sesam_interactive.load_ipython_extension(shell)
    ours = [
        m
        for m in shell.Completer.custom_matchers
        if getattr(m, "matcher_identifier", "") == completion.IDENTIFIER
    ]
    assert len(ours) == 1
    sesam_interactive.unload_ipython_extension(shell)
    assert ours[0] not in shell.Completer.custom_matchers


@pytest.mark.long
def test_without_a_node_functions_are_completed_and_nothing_is_started(shell, tmp_path):
    import sesam_interactive
    from sesam_interactive.client import connected_hub

    hub = sesam_interactive.connect(data=tmp_path)
    hub.managed.stop()
    assert completed(shell, '%%dtl person\n[["add", "x", ["upp|') == ("upp", ["upper"])
    assert completed(shell, "%%dtl per|") == (None, [])
    hub.close()
    assert connected_hub() is None
    assert completed(shell, '%%dtl person\n[["add", "x", ["upp|') == ("upp", ["upper"])
    assert connected_hub() is None


def test_names_that_come_too_late_are_there_for_the_next_key(shell, loaded, monkeypatch):
    asked, answered = threading.Event(), threading.Event()

    def slow(_hub):
        asked.set()
        answered.wait(30)
        return Known(frozenset(["person"]), frozenset())

    monkeypatch.setattr(knowledge, "known", slow)
    monkeypatch.setattr(knowledge, "WAIT_S", 0.05)
    known = Knowledge()
    assert known.names() == knowledge.NOTHING
    assert asked.is_set()
    answered.set()
    known.end()
    assert known.names().pipes == {"person"}


def test_what_stands_at_the_cursor_is_explained(shell, loaded):
    cell = '%%dtl person\n[["add", "x", ["upper", "_S.name"]]]'
    told = {
        word: inspection.inspect(cell, cell.index(word) + 1, Knowledge())
        for word in ("upper", "_S.name", '"x"', "person")
    }
    assert told["upper"].startswith("upper (expression, strings)")
    assert told["_S.name"] == '_S.name (property)\nstring\nsuch as "Ada", "Bo", "Cy"'
    assert told['"x"'] is None
    assert told["person"] is None


def test_the_kernels_inspection_is_wrapped_and_given_back(shell, loaded):
    class Kernel:
        def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
            return {"data": {"text/plain": f"python at {cursor_pos}"}}

    shell.kernel = Kernel()
    inspection.install(shell, Knowledge())
    inspection.install(shell, Knowledge())
    cell = '%%dtl person\n[["copy", "*"]]'
    told = shell.kernel.do_inspect(cell, cell.index("copy"), 0, ())
    assert "copy (transform" in told["data"]["text/plain"]
    assert shell.kernel.do_inspect("len", 2)["data"]["text/plain"] == "python at 2"
    inspection.remove(shell)
    assert "do_inspect" not in vars(shell.kernel)
