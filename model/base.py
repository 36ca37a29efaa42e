"""The base of every model of a plan, and the small types they share."""

from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

EXPECTED: dict[str, str] = {}
"""What a person is told that a pattern wanted."""


def form(pattern: str, expected: str, longest: int) -> StringConstraints:
    """Text that matches `pattern`; a mistake says that it is not `expected`."""
    EXPECTED[pattern] = expected
    return StringConstraints(pattern=pattern, max_length=longest)


Flag = Annotated[bool, Field(strict=True)]
"""`true` or `false`: what a person puts in quotes, such as "off", is not guessed at."""
# A name ends up in bucket names, DNS labels and database identifiers.
Name = Annotated[
    str, form(r"^[a-z](-?[a-z0-9])*$", "a name of lower case letters, digits and single hyphens", longest=32)
]
# Free text for people: never empty, never a wall.
Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Region = Annotated[
    str,
    form(
        r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "the name of a region in lower case letters, digits and hyphens", longest=32
    ),
]


class Model(BaseModel):
    """Frozen, and a key that nobody knows is a mistake (most often a typing error), not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")


def kind_of(model: type[Model]) -> str:
    """The name of a kind of store or service, as a plan writes it."""
    return str(get_args(model.model_fields["kind"].annotation)[0])
