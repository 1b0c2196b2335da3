"""Every shared case holds in process: the same data that `run_dtl_cases.py` puts to a node."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from sesam_node.dtl import RuleContext, Runtime, run_rules
from sesam_node.errors import DtlError
from sesam_node.model.entity import content
from sesam_node.model.namespaces import add_namespaces, remove_namespaces
from sesam_node.model.transit import normalise

HERE = Path(__file__).parent
CASES = [
    case for file in sorted((HERE / "dtl").glob("*.json")) for case in json.loads(file.read_text())
]

_spec = spec_from_file_location("run_dtl_cases", HERE / "run_dtl_cases.py")
runner = module_from_spec(_spec)
_spec.loader.exec_module(runner)


def sink(case):
    """The entities that a dataset sink would hold after the case's pipe has run."""
    pipe = case.get("pipe", {})
    namespaces = {"identity": "case", "property": "case", **pipe.get("namespaces", {})}
    context = RuleContext(
        pipe_id="case",
        namespaced=pipe.get("namespaced_identifiers", False),
        identity_namespace=namespaces["identity"],
        property_namespace=namespaces["property"],
        id_required=pipe.get("transform", {}).get("id_required", True),
    )
    source = normalise(json.loads(json.dumps({"_id": "x", **case.get("source", {})})))
    if pipe.get("add_namespaces"):
        source = add_namespaces(source, namespaces["property"], namespaces["identity"])
    datasets = normalise(json.loads(json.dumps(case.get("datasets", {}))))
    runtime = Runtime(sleep=lambda seconds: None)
    out = run_rules(
        runner.rules_of(case), [source], datasets=datasets, context=context, runtime=runtime
    )
    written = {}
    for entity in out:
        if entity.get("_filtered") is not True:
            kept = content(entity)
            written[kept["_id"]] = (
                remove_namespaces(kept) if pipe.get("remove_namespaces") else kept
            )
    return json.loads(json.dumps(list(written.values())))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_shared_case(case):
    wanted = case.get("expect_error")
    if wanted is None:
        assert runner.verdict(case, sink(case)) is None
        return
    with pytest.raises(DtlError) as caught:
        sink(case)
    refused = caught.value.message == "the rules have problems"
    assert ("compile" if refused else "runtime") == wanted, caught.value


def test_each_case_has_an_id_of_its_own():
    assert len({case["id"] for case in CASES}) == len(CASES) > 1200
