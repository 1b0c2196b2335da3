"""All problems of all components come at once, each with the path where it was written."""

from __future__ import annotations

import pytest

from sesam_node.errors import ConfigError, Problem, json_path

DATASET = {"type": "dataset", "dataset": "a"}
A = {"_id": "a", "type": "pipe", "source": {"type": "embedded", "entities": []}}
WEB = {"_id": "web", "type": "system:url", "url_pattern": "http://x/%s"}


def pipe(**properties):
    return {"_id": "p", "type": "pipe", "source": DATASET, **properties}


def test_a_pipe_with_five_mistakes_has_five_problems(problems):
    wrong = pipe(
        source={"type": "json", "system": "wbe", "page_size": "many", "urll": "x"},
        transform=[{"type": "emit_children"}, {"type": "dlt", "rules": {}}],
        sink={"type": "dataset", "dataset": 5},
        batch_size=0,
    )
    assert problems([wrong, WEB]) == [
        "error p $.batch_size: expected at least 1, got 0 [out-of-range]",
        "error p $.sink.dataset: expected a string, got 5 [wrong-type]",
        'error p $.source: "url" is missing in source "json" [missing-option]',
        'error p $.source.page_size: expected an integer, got string "many" [wrong-type]',
        'error p $.source.system: there is no system "wbe"; did you mean "web"? [unknown-system]',
        (
            'warning p $.source.urll: unknown option "urll" in source "json"; '
            'did you mean "url"? [unknown-option]'
        ),
        (
            'error p $.transform[1].type: unknown transform type "dlt"; '
            'did you mean "dtl"? [unknown-type]'
        ),
    ]


CASES = {
    "nothing wrong": ([A, WEB, pipe()], []),
    "no source": (
        [{"_id": "p", "type": "pipe"}],
        [
            (
                'error p $: "source" is missing in the pipe; it is an object with a type: '
                "where entities come from [missing-option]"
            )
        ],
    ),
    "parts that are no objects": (
        [A, pipe(source="a", transform=[5], sink=[], pump=5)],
        [
            "error p $.pump: expected an object, got 5 [wrong-type]",
            "error p $.sink: expected an object with a type, got list [] [wrong-type]",
            'error p $.source: expected an object with a type, got string "a" [wrong-type]',
            "error p $.transform[0]: expected an object with a type, got 5 [wrong-type]",
        ],
    ),
    "types that are missing or no text": (
        [A, pipe(source={"dataset": "a"}, sink={"type": 5})],
        [
            "error p $.sink.type: expected a string, got 5 [wrong-type]",
            'error p $.source: "type" is missing in the source [missing-option]',
        ],
    ),
    "an unknown system type": (
        [{"_id": "s", "type": "system:uri"}],
        [
            (
                'error s $.type: unknown system type "system:uri"; '
                'did you mean "system:url"? [unknown-type]'
            )
        ],
    ),
    "options inside the pump and the metadata": (
        [
            A,
            pipe(pump={"schedule_intervall": 5, "mode": "automatic"}),
            {"_id": "node", "type": "metadata", "global_defaults": {"verify_ssl": "no"}},
        ],
        [
            (
                "error node $.global_defaults.verify_ssl: expected true or false, got string "
                '"no" [wrong-type]'
            ),
            (
                'error p $.pump.mode: expected "scheduled", "manual" or "off", got string '
                '"automatic" [wrong-choice]'
            ),
            (
                'warning p $.pump.schedule_intervall: unknown option "schedule_intervall" in "pump"'
                '; did you mean "schedule_interval"? [unknown-option]'
            ),
        ],
    ),
    "a pump with two schedules and half a rescan": (
        [
            A,
            pipe(
                pump={
                    "cron_expression": "0 0 * * *",
                    "schedule_interval": 5,
                    "partial_rescan_delta": 5,
                }
            ),
        ],
        [
            (
                'error p $.pump: "partial_rescan_run_count" and "partial_rescan_delta" need each '
                "other [missing-option]"
            ),
            (
                'warning p $.pump.schedule_interval: "cron_expression" and "schedule_interval" '
                'exclude each other; "cron_expression" counts [conflicting-options]'
            ),
        ],
    ),
    "a pipe that keeps no versions": (
        [A, pipe(compaction={"keep_versions": 0})],
        [
            (
                'error p $.compaction.keep_versions: "keep_versions" 0 keeps no version, unless '
                '"time_threshold_hours" says how long; set "time_threshold_hours" too '
                "[missing-option]"
            )
        ],
    ),
    "a pipe that keeps versions for a time": (
        [A, pipe(compaction={"keep_versions": 0, "time_threshold_hours": 1})],
        [],
    ),
    "a system that does not fit": (
        [
            {"_id": "mails", "type": "system:smtp"},
            pipe(source={"type": "json", "system": "mails", "url": "x"}),
        ],
        [
            (
                'error p $.source.system: source "json" needs system:url or system:rest, '
                'but "mails" is a system:smtp [wrong-system-type]'
            )
        ],
    ),
    "a pipe is in error when its system is": (
        [
            {"_id": "web", "type": "system:url", "url_pattern": "$ENV(gone)"},
            pipe(source={"type": "json", "system": "web", "url": "x"}),
        ],
        [
            'error p $.source.system: the system "web" is in error [broken-system]',
            'error web $.url_pattern: the environment variable "gone" is not set [missing-env]',
        ],
    ),
    "a dataset that no pipe writes": (
        [A, pipe(source={"type": "dataset", "dataset": "aa"}), {**A, "_id": "aaa"}],
        [
            (
                'warning p $.source.dataset: no pipe writes the dataset "aa"; '
                'did you mean "aaa"? [unknown-dataset]'
            )
        ],
    ),
    "one of several datasets": (
        [A, pipe(source={"type": "union_datasets", "datasets": ["a x", "b", "system:x"]})],
        ['warning p $.source.datasets[1]: no pipe writes the dataset "b" [unknown-dataset]'],
    ),
    "two pipes that write one dataset": (
        [
            A,
            pipe(sink={"type": "dataset", "dataset": "a"}, pump={"dead_letter_dataset": "q"}),
            {**A, "_id": "q"},
        ],
        [
            'error p $.sink.dataset: the pipe "a" writes the dataset "a" too [two-writers]',
            'error q $: the pipe "p" writes the dataset "q" too [two-writers]',
        ],
    ),
    "a dataset with a bad name": (
        [A, pipe(sink={"type": "dataset", "dataset": "a/b"})],
        ['error p $.sink.dataset: the dataset id "a/b" has a slash in it [bad-id]'],
    ),
    "permissions of the wrong shape": (
        [A, pipe(permissions=[["allow", ["group:Admin"], ["read_data"]], ["maybe", [], []]])],
        [
            (
                'error p $.permissions[1]: expected ["allow" or "deny", [roles], [permissions]], '
                'got ["maybe", [], []] [wrong-type]'
            )
        ],
    ),
    "a secret in a pipe": (
        [A, WEB, pipe(source={"type": "json", "system": "web", "url": "$SECRET(x)"})],
        [
            (
                'error p $.source.url: the secret "x" is not put in here: only systems have '
                "secrets; name it in the system [misplaced-secret]"
            )
        ],
    ),
    "an id that comes twice": (
        [A, A],
        ['error a $._id: another component has the id "a" too [duplicate-id]'],
    ),
    "components that are none": (
        [5, {"type": "pipe"}],
        [
            "error $[0]: expected a pipe or system, got 5 [wrong-type]",
            'error $[1]: "_id" is missing in {"type": "pipe"} [bad-id]',
        ],
    ),
    "a type that is not built": (
        [pipe(source={"type": "kafka"})],
        [
            (
                'warning p $.source.type: source "kafka" is checked but cannot run in this version '
                "[not-built]"
            )
        ],
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_problems_of_a_configuration(problems, case):
    components, lines = CASES[case]
    assert problems(components) == lines


def conditional(**alternatives):
    return {"type": "conditional", "condition": "$ENV(e)", "alternatives": alternatives}


def test_alternatives_not_in_use_are_checked_as_far_as_can_be(problems):
    source = conditional(
        test={"type": "dataset", "dataset": "a"},
        prod={"type": "json", "system": "$ENV(x)", "url": 5, "page_size": "$ENV(n)", "z": 1},
        dev={"type": "clay-tablet"},
        kafka={"type": "kafka"},
        none=5,
        more=conditional(x={"type": "dataset"}),
        env={"type": "$ENV(type)", "x": 1},
    )
    assert problems([A, pipe(source=source)], {"e": "test"}) == [
        'error p $.source.alternatives.dev.type: unknown source type "clay-tablet" [unknown-type]',
        (
            'error p $.source.alternatives.more.alternatives.x: "dataset" is missing in source '
            '"dataset"; it is a string: the id of the dataset [missing-option]'
        ),
        "error p $.source.alternatives.none: expected an object with a type, got 5 [wrong-type]",
        "error p $.source.alternatives.prod.url: expected a string, got 5 [wrong-type]",
        (
            'warning p $.source.alternatives.prod.z: unknown option "z" in source "json" '
            "[unknown-option]"
        ),
    ]


def test_problems_of_the_chosen_alternative_point_at_it(problems):
    source = conditional(test={"type": "dataset", "dataset": 5}, prod=DATASET)
    transform = [conditional(test=[{"type": "emit_children"}, {"type": "x"}], prod=[])]
    assert problems([A, pipe(source=source, transform=transform)], {"e": "test"}) == [
        "error p $.source.alternatives.test.dataset: expected a string, got 5 [wrong-type]",
        (
            'error p $.transform[0].alternatives.test[1].type: unknown transform type "x" '
            "[unknown-type]"
        ),
    ]


def test_conditional_properties_are_checked_chosen_or_not(problems):
    block = {
        "condition": "$ENV(e)",
        "alternatives": {
            "test": {"batch_size": "x"},
            "prod": {"batch_size": True, "btch_size": "$ENV(q)", "checkpoint_interval": "$ENV(q)"},
        },
    }
    where = "$.$conditional_properties.alternatives"
    assert problems([A, pipe(**{"$conditional_properties": block})], {"e": "test"}) == [
        f"error p {where}.prod.batch_size: expected an integer, got true [wrong-type]",
        (
            f'warning p {where}.prod.btch_size: unknown option "btch_size"; '
            'did you mean "batch_size"? [unknown-option]'
        ),
        f'error p {where}.test.batch_size: expected an integer, got string "x" [wrong-type]',
    ]


def test_a_variable_must_be_there_only_in_what_is_in_use(problems):
    source = conditional(test={"type": "dataset", "dataset": "$ENV(d)"}, prod=DATASET)
    assert problems([A, pipe(source=source)], {"e": "prod"}) == []
    assert problems([A, pipe(source=source)], {"e": "test"}) == [
        (
            "error p $.source.alternatives.test.dataset: the environment variable "
            '"d" is not set [missing-env]'
        )
    ]
    assert problems([A, pipe(source=source)], {}) == [
        'error p $.source.condition: the environment variable "e" is not set [missing-env]'
    ]


def test_secrets_must_be_there(problems):
    system = {**WEB, "password": "$SECRET(pw)", "port": "$SECRET(prot)"}
    assert problems([system]) == []
    assert problems([system], known_secrets={"": ["pw"], "web": ["port"], "x": ["prot"]}) == [
        'error web $.port: the secret "prot" is not set; did you mean "port"? [unknown-secret]'
    ]


def test_rules_are_checked_where_they_were_written(problems):
    seen = []

    def check_rules(pipe_id, rules, path, effective):
        seen.append((pipe_id, rules, path, effective["sink"]))
        return [Problem(json_path((*path, "default", 0)), "unknown-function", "no")]

    transform = [{"type": "emit_children"}, conditional(a={"type": "dtl", "rules": {"r": []}})]
    assert problems([A, pipe(transform=transform)], {"e": "a"}, check_rules=check_rules) == [
        "error p $.transform[1].alternatives.a.rules.default[0]: no [unknown-function]"
    ]
    path = ("transform", 1, "alternatives", "a", "rules")
    assert seen == [("p", {"r": []}, path, {"type": "dataset", "dataset": "p"})]


def test_cron_expressions_are_checked(problems):
    def check_cron(text):
        return "" if text == "good" else "expected five fields"

    pump = {"cron_expression": "good", "rescan_cron_expression": "bad"}
    assert problems([A, pipe(pump=pump)], check_cron=check_cron) == [
        "error p $.pump.rescan_cron_expression: expected five fields [bad-cron]"
    ]


def test_the_outcome_tells_which_components_are_in_error(check):
    outcome = check([A, pipe(batch_size=0), {**WEB, "x": 1}, 5])
    assert list(outcome.errors) == ["", "p"]
    assert [problem.code for problem in outcome.of("web")] == ["unknown-option"]
    assert sorted(outcome.effective) == ["a", "node", "p", "web"]
    assert not outcome.ok
    with pytest.raises(ConfigError, match="the configuration has 2 errors") as caught:
        outcome.raise_for_errors()
    assert len(caught.value.problems) == 3


def test_warnings_are_no_errors(check):
    outcome = check([{**WEB, "x": 1}])
    assert outcome.ok
    assert outcome.errors == {}
    outcome.raise_for_errors()


def test_positions_are_sorted_as_numbers(problems):
    transform = [{"type": "emit_children", "x": 1} for _ in range(11)]
    lines = problems([A, pipe(transform=transform)])
    assert [line.split()[2] for line in lines] == [f"$.transform[{i}].x:" for i in range(11)]
