"""What comes of a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.runs.runbook import RunOutcome


@dataclass
class Found:
    """
    What came of a scenario. `runs` are the runs it consisted of; `evidence` goes into the drill's journal; `disaster`
    where the plan decides which one it counts as.
    """

    runs: list[RunOutcome] = field(default_factory=list)
    ok: bool = True
    fault_at: datetime | None = None
    detected_at: datetime | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    disaster: str = ""
