"""Pipes: source, transforms and sink, and the pump that drives them.

`build.build_pipe` makes a `Pipe` of a `PipeDefinition` by way of the registry in `component`;
`pump.run_pump` runs it once; `operations` and `receive` are what the API asks of single pipes.
"""

from sesam_node.pipes.runs import PipeDefinition, Progress, RunRequest, RunResult

__all__ = ["PipeDefinition", "Progress", "RunRequest", "RunResult"]
