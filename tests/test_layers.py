"""What an import must not load: a kernel stays light, and a bare install runs DTL."""

import subprocess
import sys

import pytest

RUN = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
{code}
print(*sorted({{name.partition(".")[0] for name in sys.modules if sys.modules[name]}}))
"""
EXTRAS = ["cryptography", "lmdb", "mmh3", "pandas", "pgpy", "phonenumbers", "polars", "tornado"]


def run(code: str, missing: list[str]) -> list[str]:
    """The top-level modules that are loaded after `code`, where `missing` cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(code=code, missing=missing)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_a_bare_install_has_client_and_language():
    code = (
        "import sesam_interactive\n"
        "from sesam_node.dtl import run_rules\n"
        'rules = {"default": [["copy", "_id"], ["add", "x", ["upper", "_S.y"]]]}\n'
        'assert run_rules(rules, [{"_id": "1", "y": "a"}]) == [{"_id": "1", "x": "A"}]'
    )
    run(code, EXTRAS)


@pytest.mark.parametrize("heavy", ["pandas", "polars", "pyarrow", "plotly", "IPython", "tornado"])
def test_the_import_of_the_package_loads_nothing_heavy(heavy):
    assert heavy not in run("import sesam_interactive", [])
