"""`sesam-node validate`: every problem of a project at once, without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.cli.problems import problem_texts
from sesam_node.cli.project import Project
from sesam_node.hub.checking import check_configuration

if TYPE_CHECKING:
    import argparse


def validate(options: argparse.Namespace) -> int:
    """Print the problems of a project; 0 where there is no error (warnings do not count)."""
    project = Project(options.project, options.profile)
    document = project.document
    problems = check_configuration(
        document.to_list(), project.env, warnings=document.warnings
    ).checked.problems
    for text in problem_texts(project.files, problems):
        print(text)
    errors = sum(problem.level == "error" for problem in problems)
    warnings = len(problems) - errors
    count = len(document.components)
    print(f"{count} components, {errors} errors, {warnings} warnings")
    return 1 if errors else 0
