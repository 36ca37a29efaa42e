"""What the user of a plan wants to see true: questions to a store, requests and commands, and when each is asked."""

from typing import Annotated, Any, Literal

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, StringConstraints, model_validator

from .base import Flag, Model, Name, Text, form
from .durations import PositiveDuration, parse_duration, quote

Moment = Literal["steady_state", "before_switch", "after_restore", "after_failover", "drill"]
"""
`steady_state`: nothing is wrong; every drill begins and ends with it. `before_switch`: what is about to serve is ready
and nobody is sent there yet. `after_restore`, `after_failover`: the service is back from a backup, or in another site.
`drill`: at the end of every drill.
"""
MOMENTS: tuple[Moment, ...] = ("steady_state", "before_switch", "after_restore", "after_failover", "drill")
Command = Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]
Variable = Annotated[str, form(r"^[A-Za-z_][A-Za-z0-9_]*$", "the name of a variable such as API_URL", longest=100)]
Number = StrictInt | Annotated[float, Field(strict=True, allow_inf_nan=False)]
Scalar = StrictStr | StrictBool | Number | None
# A check is asked while people wait: none may hold a run for as long as it likes.
_LONGEST = parse_duration("1h")


def _bounded(value: Any) -> Any:
    if value > _LONGEST:
        raise ValueError("is longer than an hour")
    return value


Bound = Annotated[PositiveDuration, AfterValidator(_bounded)]


def _is_expression(value: str) -> str:
    try:
        jmespath.compile(value)
    except JMESPathError as error:
        raise ValueError(f"{quote(value)} is not a JMESPath expression: {str(error).splitlines()[0]}") from None
    return value


Expression = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_is_expression)]


class Range(Model):
    """What a number has to be; at least one of them is given."""

    equals: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Range":
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("needs equals, at_least or at_most")
        if self.equals is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("equals stands alone")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("no number is at least this and at most that")
        return self

    def holds(self, number: float) -> bool:
        if self.equals is not None:
            return number == self.equals
        above = self.at_least is None or number >= self.at_least
        return above and (self.at_most is None or number <= self.at_most)

    def __str__(self) -> str:
        words = {"equals": self.equals, "at least": self.at_least, "at most": self.at_most}
        return " and ".join(f"{word} {number}" for word, number in words.items() if number is not None)


class BaseCheck(Model):
    """
    `at`: the moments at which it is asked. `may_stop`: a run goes no further when it fails; else the failure is written
    down and told. `timeout` bounds the whole of it.
    """

    name: Name
    at: Annotated[tuple[Moment, ...], Field(min_length=1)]
    may_stop: Flag = False
    timeout: Bound = parse_duration("30s")


class SqlCheck(BaseCheck):
    """
    One statement, asked in a read-only transaction. Exactly one of: `count`, the number that it gives; `rows`, how many
    rows it gives; `age`, how old the time that it gives may be.
    """

    kind: Literal["sql"]
    store: Name
    query: Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True)]
    count: Range | None = None
    rows: Range | None = None
    age: PositiveDuration | None = None

    @model_validator(mode="after")
    def _expects_one_thing(self) -> "SqlCheck":
        if [self.count, self.rows, self.age].count(None) != 2:
            raise ValueError("needs exactly one of count, rows and age")
        return self


class HttpCheck(BaseCheck):
    """
    A GET as a client makes it. `body`: what the answer's JSON holds, by JMESPath expression. `latency`: how long the
    answer may take.
    """

    kind: Literal["http"]
    path: Annotated[str, form(r"^/[\x21-\x7e]*$", "a path such as /health/db", longest=200)]
    status: Annotated[int, Field(ge=100, le=599, strict=True)] = 200
    body: dict[Expression, Scalar] = Field(default_factory=dict)
    latency: Bound | None = None
    timeout: Bound = parse_duration("5s")


class CommandCheck(BaseCheck):
    """
    A command that exits with 0. It runs where the program runs, or, with `service`, once where that service runs.
    `environment` names the variables of the program that it is given besides PATH, HOME and those that say where it
    looks (DR_SYSTEM, DR_SITE, DR_URL).
    """

    kind: Literal["command"]
    command: Command
    service: Name | None = None
    environment: tuple[Variable, ...] = ()
    timeout: Bound = parse_duration("5m")


Check = Annotated[SqlCheck | HttpCheck | CommandCheck, Field(discriminator="kind")]
