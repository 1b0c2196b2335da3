"""The language: its functions, and a check of rules without a pipe."""

from __future__ import annotations

from typing import Any

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError, problem_json
from sesam_node.api.operations import Parameter, operation
from sesam_node.dtl import RuleContext, compile_rules, functions
from sesam_node.errors import DtlError


class FunctionsHandler(ApiHandler):
    @operation(Parameter("name", doc="only this one; 404 where there is none"))
    def get(self) -> None:
        """Every function and transform: signature, text, examples."""
        name = self.query()["name"]
        known = functions()
        if name is None:
            self.answer(known)
            return
        found = [function for function in known if function["name"] == name]
        if not found:
            raise ApiError(404, f"there is no function {name!r}")
        self.answer(found)


class CheckHandler(ApiHandler):
    @operation(body="application/json")
    def post(self) -> None:
        """All problems of a rule set: `{"rules": {"default": […]}, "datasets": […]?}`."""
        self.answer(checked(self.json_object("rules")))


def checked(request: dict[str, Any]) -> dict[str, Any]:
    """What the compiler says of rules; a list counts as the rule `default`."""
    if "rules" not in request:
        raise ApiError(400, 'expected an object with "rules"')
    rules = request["rules"]
    if type(rules) is list:
        rules = {"default": rules}
    datasets = request.get("datasets")
    context = RuleContext(
        pipe_id=str(request.get("pipe_id", "")),
        namespaced=request.get("namespaced") is True,
        datasets=frozenset(map(str, datasets)) if type(datasets) is list else None,
    )
    try:
        compiled = compile_rules(rules, context)
    except DtlError as error:
        return {"valid": False, "problems": [problem_json(p) for p in error.problems]}
    return {
        "valid": True,
        "problems": [problem_json(problem) for problem in compiled.warnings],
        "datasets": sorted(compiled.datasets),
    }


ROUTES = [
    ("/dtl/functions", FunctionsHandler),
    ("/dtl/check", CheckHandler),
]
