"""Runs of the whole node, for tests: run all pipes until nothing changes any more."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import Parameter, on_each, on_node, operation
from sesam_node.hub import RunAllOptions

RUN_PARAMETERS = (
    Parameter("extra_zero_runs", "integer", 2, "passes without a change needed at the end"),
    Parameter("max_run_time", "integer", 900, "seconds, then the run fails"),
    Parameter("max_runs", "integer", 100, "passes, then the run fails"),
    Parameter("request_mode", default="sync", choices=("sync", "async"), doc="wait for the end?"),
    Parameter("delete_input_datasets", "boolean", default=True, doc="empty the inputs first"),
    Parameter(
        "reset_pipes_and_delete_sink_datasets",
        "boolean",
        default=True,
        doc="reset all pipes and empty their datasets first",
    ),
    Parameter(
        "check_input_pipes", "boolean", default=False, doc="does a failing input pipe fail it?"
    ),
    Parameter("output_run_statistics", "boolean", default=False, doc="tell what each pipe did"),
    Parameter(
        "scheduler_mode",
        default="active",
        choices=("active", "poll"),
        doc="active: start the pumps; poll: watch a node that runs by its schedule",
    ),
)
TOKEN = Parameter("token", doc="of the run, as the start answered")


class RunAllHandler(ApiHandler):
    @operation(*RUN_PARAMETERS, needs=on_each("run_pump_operation", "pipe"))
    async def post(self) -> None:
        """Run all pipes in passes until nothing changes; async answers at once with a token."""
        values = self.query()
        if not self.principal.is_admin:
            pipes = self.hub.configuration.active.document.pipes
            self.check_all("run_pump_operation", "pipe", pipes)
            if values["delete_input_datasets"] or values["reset_pipes_and_delete_sink_datasets"]:
                self.check_all("write_data", "pipe", pipes)
        asynchronous = values.pop("request_mode") == "async"
        options = RunAllOptions(**values)
        if asynchronous:
            self.answer({"status": "running", "token": self.hub.runner.start(options)})
        else:
            self.answer(await self.hub.runner.run_all(options))


class RunnerStatusHandler(ApiHandler):
    @operation(TOKEN, needs=on_node("read_config"))
    def get(self) -> None:
        """How a run is going: running, success, failed or not-running."""
        self.answer(self.hub.runner.status(self.query()["token"]))


class RunnerLogHandler(ApiHandler):
    @operation(
        Parameter("since", doc="only lines after this timestamp"),
        TOKEN,
        needs=on_node("read_config"),
    )
    def get(self) -> None:
        """The log of the runs."""
        values = self.query()
        self.answer(self.hub.runner.log(values["since"], values["token"]))


class StopHandler(ApiHandler):
    @operation(
        Parameter("terminate_timeout", "integer", 30, "seconds to wait for the end"),
        needs=on_node("run_pump_operation"),
    )
    async def post(self) -> None:
        """Stop what runs; nothing happens where nothing does."""
        await self.hub.runner.stop(self.query()["terminate_timeout"])
        self.answer({"status": "stopped"})


class DeleteSinksHandler(ApiHandler):
    @operation(needs=on_each("write_data", "pipe"))
    async def post(self) -> None:
        """Reset all pipes and delete the datasets that they write."""
        if not self.principal.is_admin:
            self.check_all("write_data", "pipe", self.hub.configuration.active.document.pipes)
        await self.hub.runner.delete_all_sink_datasets()
        self.answer({"message": "OK"})


ROUTES = [
    ("/pipes/run-all-pipes", RunAllHandler),
    ("/pipes/get-pipe-runner-status", RunnerStatusHandler),
    ("/pipes/get-run-all-pipes-log", RunnerLogHandler),
    ("/pipes/stop-run-all-pipes", StopHandler),
    ("/pipes/delete-all-sink-datasets", DeleteSinksHandler),
]
