"""One act of a program as a run of its own, with a journal, which nobody has to take up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.clouds.access import Clouds
from scripts.core.errors import DrError
from scripts.runs.anchors import anchor
from scripts.runs.journal import Journal
from scripts.runs.run_records import environment, kind_of_environment, new_run_id

if TYPE_CHECKING:
    from model import Plan

BROKE_OFF = "It broke off"


@dataclass
class OwnRun:
    """A run under way. `said` and `status` (done or failed) become its end; an error makes it a failed one."""

    run: str
    journal: Journal
    clouds: Clouds
    said: str
    status: str = "done"


@contextmanager
def own_run(plan: Plan, program: str, name: str, sentence: str, evidence: Mapping[str, Any]) -> Iterator[OwnRun]:
    """
    Journals that it began and how it ended, and anchors the journal in the recovery buckets. `program` names the run,
    `name` the act in the journal, `sentence` says what is done.
    """
    run = new_run_id(program)
    own = OwnRun(run, Journal.of(run), Clouds(plan), sentence)
    facts = {"system": plan.system, "plan": plan.system, "environment": kind_of_environment(environment())}
    own.journal.write("run", name, sentence, status="begun", evidence={**facts, **evidence})
    try:
        yield own
    except BaseException as error:
        own.said, own.status = error.message if isinstance(error, DrError) else BROKE_OFF, "failed"
        raise
    finally:
        own.journal.write("end", name, own.said, status=own.status)
        anchor(plan, own.clouds, run, own.journal.last, own.journal.hash)
        own.journal.close()
        own.clouds.close()
