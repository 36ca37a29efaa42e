"""What a rule is written with."""

from .context import Context
from .model import CRITICAL, HIGH, LOW, MEDIUM, Check, Rule, Threshold, count, days, minutes, seconds, words
from .resource import Resource
from .values import Node, Unknown

__all__ = [
    "CRITICAL",
    "HIGH",
    "LOW",
    "MEDIUM",
    "Check",
    "Context",
    "Node",
    "Resource",
    "Rule",
    "Threshold",
    "Unknown",
    "count",
    "days",
    "minutes",
    "seconds",
    "words",
]
