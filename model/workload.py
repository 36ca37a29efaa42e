"""How a service writes, as its users know it: a command that a rehearsal runs in place of the sandbox's own writers."""

from .acceptance import Bound, Command, Variable
from .base import Model
from .durations import parse_duration


class OwnWorkload(Model):
    """
    A command, run with one more word:

    - `write`: writes until it is ended, and prints the id of each write in a line of its own once it was acknowledged.
      When a write fails it ends, and is begun anew with the database that takes writes then.
    - `held`: prints the id of each write of this run that the database holds, and ends within `timeout`.

    Where the database is stands in libpq's variables (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD), the name of the
    run in DR_WORKLOAD_RUN. Besides these it is given PATH, HOME and what `environment` names. Told to end, it has
    `timeout` before it is ended.
    """

    command: Command
    environment: tuple[Variable, ...] = ()
    timeout: Bound = parse_duration("30s")
