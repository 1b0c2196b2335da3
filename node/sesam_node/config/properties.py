"""The properties of pipes, pumps and the node's metadata, declared as options."""

from __future__ import annotations

from sesam_node.config.options import Option

MANUAL, OFF, SCHEDULED = "manual", "off", "scheduled"

DATASET_TO_DATASET_S = 30
OTHER_INTERVAL_S = 900
MAX_ENTITY_BYTES = 104_857_600

_TEXT = ("string", "array")

NAMESPACES = Option(
    "namespaces",
    "object",
    None,
    "the namespaces that the pipe puts on; its id where absent",
    fields=(
        Option("identity", "string", None, "the namespace of ids"),
        Option("property", "string", None, "the namespace of properties"),
        Option("default", "object", None, "namespace to URI"),
    ),
)

COMPACTION = Option(
    "compaction",
    "object",
    None,
    "which old versions of entities are dropped",
    fields=(
        Option("automatic", "boolean", default=True, doc="is the dataset compacted at all?"),
        Option("sink", "boolean", None, "is it compacted while it is written?"),
        Option("keep_versions", "integer", None, "versions of an entity that are kept", least=0),
        Option("time_threshold_hours", "number", None, "keep versions younger than this"),
        Option("time_threshold_hours_pump", "number", None, "the same for the execution log"),
        Option("growth_threshold", "number", None, "growth since the last time that starts it"),
        Option("compaction_interval", "number", None, "least seconds from one to the next"),
        Option("ttl_deletes_hours", "number", None, "drop deleted entities after this"),
        Option("ttl_deletes_timeout_seconds", "number", 60, "most seconds spent on that"),
        Option("retract", "boolean", default=False, doc='does "$retract" drop earlier versions?'),
        Option("retract_timeout_seconds", "number", 60, "most seconds spent on that"),
    ),
)

DEPENDENCY_TRACKING = Option(
    "dependency_tracking",
    "object",
    None,
    "how much dependency tracking may hold in memory",
    fields=(
        Option("dependency_warning_threshold", "integer", None, "entities until a warning"),
        Option("dependency_error_threshold", "integer", None, "entities until the run fails"),
        Option("dependency_warning_threshold_total_bytes", "integer", None, "bytes likewise"),
        Option("dependency_error_threshold_total_bytes", "integer", None, "bytes likewise"),
        Option("enable_hops_thresholds", "boolean", None, "do the same limits hold for hops?"),
    ),
)

POLICY = Option(
    "reprocessing_policy",
    "string",
    None,
    "what a pipe out of sync does; the node's if null",
    ("continue", "automatic"),
)

PUMP = (
    Option("comment", "any", None, "free text, ignored"),
    Option("description", _TEXT, None, "text for people"),
    Option("$conditional_properties", "object", None, "properties chosen by a value"),
    Option("schedule_interval", "number", None, "seconds between runs", least=0),
    Option("cron_expression", "string", None, "when to run, UTC; wins over the interval"),
    Option("mode", "string", None, "may it run by itself?", (SCHEDULED, MANUAL, OFF)),
    Option("run_at_startup", "boolean", default=False, doc="run when the node starts?"),
    Option("run_at_startup_if_not_populated", "boolean", None, "the same, if not populated"),
    Option("rescan_run_count", "integer", None, "every n-th run is a full one", least=1),
    Option("rescan_cron_expression", "string", None, "when to make a full run"),
    Option(
        "partial_rescan_run_count", "integer", None, "every n-th run starts further back", least=1
    ),
    Option("partial_rescan_delta", "integer", None, "how far: offsets, or seconds", least=1),
    Option("max_read_retries", "integer", 0, "how often a failed read is tried again", least=0),
    Option("read_retry_delay", "number", 0, "seconds before it is", least=0),
    Option("max_consecutive_write_errors", "integer", 1, "errors in a row that end a run", least=1),
    Option("write_retry_delay", "number", 0, "seconds before a write is tried again", least=0),
    Option(
        "max_retries_per_entity", "integer", 5, "later runs that try a failed entity again", least=0
    ),
    Option("max_write_errors_in_retry_dataset", "integer", 0, "most failed entities kept", least=0),
    Option("dead_letter_dataset", "string", None, "the dataset for entities given up"),
    Option(
        "use_dead_letter_dataset",
        "boolean",
        None,
        "keep entities given up?",
        deprecated='use "dead_letter_dataset"',
    ),
    Option("track_dead_letters", "boolean", default=False, doc="does a success delete them?"),
    Option("batch_retries", "integer", 3, "how often a failed batch is tried again", least=0),
    Option(
        "fallback_to_single_entities_on_batch_fail",
        "boolean",
        default=True,
        doc="is a failed batch then written entity by entity?",
    ),
    Option("max_seconds_per_entity", "number", None, "fail when transforms are slower than this"),
    Option("log_events_noop_runs", "boolean", default=False, doc="log runs without effect?"),
    Option(
        "log_events_noop_runs_changes_only",
        "boolean",
        default=True,
        doc="is a run without changes in the sink one without effect?",
    ),
    Option("notification_granularity", "integer", None, "log one such run in so many seconds"),
)
"""Properties of the pump."""

PIPE = (
    Option("_id", "string", doc="the id of the pipe"),
    Option("type", "string", doc="the type of the component", choices=("pipe",)),
    Option("name", _TEXT, None, "a title for people"),
    Option("description", _TEXT, None, "text for people"),
    Option("comment", "any", None, "free text, ignored"),
    Option("source", "component", doc="where entities come from"),
    Option("transform", ("component", "array"), None, "what becomes of them, in order"),
    Option("sink", "component", None, "where they go; a dataset named as the pipe if absent"),
    Option("pump", "object", None, "when and how it runs", fields=PUMP),
    Option("metadata", "object", None, "free data about the pipe"),
    Option("permissions", "array", None, "who may do what with it"),
    Option("$conditional_properties", "object", None, "properties chosen by a value"),
    Option("namespaced_identifiers", "boolean", None, "namespaces? The node's if null"),
    NAMESPACES,
    Option("add_namespaces", "boolean", None, "put them on before the first transform?"),
    Option("remove_namespaces", "boolean", None, "take them off after the last transform?"),
    Option("batch_size", "integer", None, "source entities in one write; 100", least=1),
    Option("checkpoint_interval", "integer", None, "batches between saves of the offset", least=1),
    COMPACTION,
    POLICY,
    Option(
        "rescan_when_config_changes",
        "boolean",
        None,
        "does a new configuration put it out of sync? The node's, else true where it resets itself",
    ),
    Option("enable_background_rescan", "boolean", None, "rescan beside incremental runs?"),
    Option("disable_set_last_seen", "boolean", default=False, doc="refuse setting the offset?"),
    Option("exclude_completeness", "string-list", [], "datasets that do not count"),
    Option("include_completeness", "string-list", None, "datasets that count; all if null"),
    DEPENDENCY_TRACKING,
    Option("infer_pipe_entity_types", "boolean", None, "infer a schema? The node's if null"),
)
"""Properties of a pipe."""

_EMPTY = ("accept", "fail")

GLOBAL_DEFAULTS = Option(
    "global_defaults",
    "object",
    None,
    "defaults of all pipes",
    fields=(
        Option("use_signalling_internally", "boolean", default=True, doc="signal readers?"),
        Option("use_signalling_externally", "boolean", None, "accepted, without effect"),
        Option("default_compaction_type", "string", "sink", "when", ("sink", "background")),
        Option("compaction_keep_versions", "integer", 2, "versions of an entity kept", least=0),
        Option("compaction_time_threshold_hours", "number", None, "keep younger versions"),
        Option("compaction_time_threshold_hours_pump", "number", 720, "keep execution logs"),
        Option("compaction_growth_threshold", "number", 1.0, "growth that starts it"),
        Option("compaction_interval", "number", 0, "least seconds from one to the next"),
        Option("run_at_startup_if_not_populated", "boolean", default=False, doc="of pumps"),
        Option("reprocessing_policy", "string", "continue", "of pipes", POLICY.choices),
        Option("rescan_when_config_changes", "boolean", None, "of pipes"),
        Option("enable_background_rescan", "boolean", default=False, doc="of pipes"),
        Option("if_source_empty", "string", None, "of sources", _EMPTY),
        Option("require_populated_input", "boolean", default=False, doc="of sources"),
        Option("max_merged", "integer", 50_000, "most entities merged into one"),
        Option("max_entity_bytes_size", "integer", MAX_ENTITY_BYTES, "most bytes of an entity"),
        Option("always_index_ids", "boolean", default=False, doc='index "$ids" everywhere?'),
        Option("infer_pipe_entity_types", "boolean", default=True, doc="infer schemas?"),
        Option(
            "symmetric_namespace_collapse",
            "boolean",
            default=False,
            doc="accepted, without effect",
        ),
        Option("verify_ssl", "boolean", default=False, doc="of URL systems"),
        Option("trace", ("boolean", "object"), default=False, doc="log HTTP requests?"),
        Option("use_config_circuit_breaker", "boolean", default=False, doc="refuse mass deletion?"),
        Option(
            "eager_load_microservices",
            "boolean",
            default=True,
            doc="are microservices started before a pipe uses them?",
        ),
        Option("enable_cpp_extensions", "boolean", None, "accepted, without effect"),
    ),
)

METADATA = (
    Option("_id", "string", doc="always node", choices=("node",)),
    Option("type", "string", doc="the type of the component", choices=("metadata",)),
    Option("name", _TEXT, None, "a title for people"),
    Option("description", _TEXT, None, "text for people"),
    Option("comment", "any", None, "free text, ignored"),
    Option("metadata", "object", None, "free data about the node"),
    Option("permissions", "array", None, "who may do what with it"),
    Option("$conditional_properties", "object", None, "properties chosen by a value"),
    Option("namespaced_identifiers", "boolean", default=False, doc="namespaces in all pipes?"),
    NAMESPACES,
    GLOBAL_DEFAULTS,
    DEPENDENCY_TRACKING,
    Option(
        "task_manager",
        "object",
        None,
        "how pipes are started",
        fields=(
            Option("disable_user_pipes", "boolean", default=False, doc="start none by itself?"),
        ),
    ),
)
"""Properties of the node's metadata."""
