"""What went wrong with a Kafka cluster, as errors of a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import PipeError

if TYPE_CHECKING:
    from sesam_node.errors import Problem

NO_CONTACT: Final = (
    "_TRANSPORT",
    "_RESOLVE",
    "_ALL_BROKERS_DOWN",
    "_TIMED_OUT",
    "_MSG_TIMED_OUT",
    "_TIMED_OUT_QUEUE",
    "_CRIT_SYS_RESOURCE",
)
"""Errors of the client that say that no broker answered."""


class BrokerError(PipeError):
    """The cluster refused something, or nobody there answered.

    `status` is null where it could not be reached: the entity is not at fault then.
    """

    def __init__(
        self, message: str, problems: tuple[Problem, ...] = (), *, reached: bool = True
    ) -> None:
        super().__init__(message, problems)
        self.status: int | None = 1 if reached else None

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (self.message, tuple(self.problems), self.status is not None)


def _made_again(message: str, problems: tuple[Problem, ...], reached: bool) -> BrokerError:  # noqa: FBT001 - for pickle
    return BrokerError(message, problems, reached=reached)


def broker_error(doing: str, error: Any, told: Any = None) -> BrokerError:
    """An error of the client, a `KafkaError` or a `KafkaException`, as one that names what failed.

    `told` is what the client said last of its connections, which tells more where none stands.
    """
    found = kafka_error(error)
    reached = found is None or found.name() not in NO_CONTACT
    text = reason(error)
    if not reached and told is not None and reason(told) != text:
        text = f"{text} ({reason(told)})"
    return BrokerError(f"{doing}: {text}", reached=reached)


def kafka_error(error: Any) -> Any:
    """The `KafkaError` in an exception of the client; null where there is none."""
    if hasattr(error, "code"):
        return error
    args = getattr(error, "args", ())
    return args[0] if args and hasattr(args[0], "code") else None


def reason(error: Any) -> str:
    """What the client says, on one line."""
    found = kafka_error(error)
    text = str(error) if found is None else f"{found.str()} [{found.name()}]"
    return " ".join(text.split())[:400]
