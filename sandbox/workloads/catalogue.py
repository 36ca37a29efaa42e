"""The family of workloads by the names that `dr drill --workload` takes."""

from __future__ import annotations

from sandbox.workloads import (
    asynchronous,
    bulk_load,
    ddl,
    idle,
    large_objects,
    long,
    many_tables,
    notify,
    other_owners,
    partitioned,
    prepared,
    role_settings,
    serializable,
    single,
    two_phase,
    unlogged,
    weird_names,
)
from sandbox.workloads.family import Writes

FAMILY: dict[str, Writes] = {
    "asynchronous": asynchronous,
    "bulk-load": bulk_load,
    "ddl": ddl,
    "idle": idle,
    "large-objects": large_objects,
    "long": long,
    "many-tables": many_tables,
    "notify": notify,
    "other-owners": other_owners,
    "partitioned": partitioned,
    "prepared": prepared,
    "role-settings": role_settings,
    "serializable": serializable,
    "single": single,
    "two-phase": two_phase,
    "unlogged": unlogged,
    "weird-names": weird_names,
}
