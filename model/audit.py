"""What an investigation asks of the application's own records once a breach is contained."""

from typing import Annotated

from pydantic import StringConstraints

from .acceptance import Bound
from .base import Model, Name
from .durations import parse_duration


class AuditQuery(Model):
    """
    One SELECT, asked in a read-only transaction. It finds the window that is looked at in the settings `dr.since` and
    `dr.until`: `WHERE created_at >= current_setting('dr.since')::timestamptz`.
    """

    name: Name
    store: Name
    query: Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True)]
    timeout: Bound = parse_duration("5m")
