"""What the model has to know of a cloud: plain data, so that a plan can be judged without asking the cloud."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.plan import Plan


@dataclass(frozen=True)
class StepTime:
    """Seconds. `typical` is the median, `worst` the 95th percentile or the documented bound."""

    typical: float
    worst: float
    source: str


@dataclass(frozen=True)
class StoreFacts:
    """
    What a cloud offers for a kind of store that it has a component and a driver for: the ways in which it is replicated
    to another region (none where replication is not a choice), and the classes that an archive of it can have.
    `snapshots_outlive_log`: one can be kept for longer than the log is. `promoted_sends_backups`: a copy that was
    promoted sends its backups to another region as the one before did. `receiver_names_copies`: a copy is sent only
    once the site that receives it has said, in its record, under which name it takes it.
    """

    replication: tuple[str, ...] = ()
    archive_classes: tuple[str, ...] = ()
    snapshots_outlive_log: bool = True
    promoted_sends_backups: bool = True
    receiver_names_copies: bool = False


@dataclass(frozen=True)
class StoreRules:
    """
    What a cloud allows of a kind of store, whether a component is there for it or not. `size` is the pattern of its
    sizes and `size_is` says it in words; a size that matches `alone` has neither a standby nor a copy that follows it.
    `pitr_days`, `soft_delete_days` and `untagged_days` are the shortest and the longest retention. `copied_to_pair`:
    a backup arrives in the paired region and nowhere else, and `copied_within` says how far it may be behind there;
    None where it arrives as often as the plan says. `most_copies` is how many others one copy sends to at most.
    """

    size: str = r".+"
    size_is: str = "a size"
    alone: str | None = None
    pitr_days: tuple[int, int] | None = None
    soft_delete_days: tuple[int, int] | None = None
    untagged_days: tuple[int, int] | None = None
    copied_to_pair: bool = False
    copied_within: timedelta | None = None
    most_copies: int | None = None


@dataclass(frozen=True)
class ServiceRules:
    """
    What a cloud allows of a kind of service, as `StoreRules`. `most` gives for a pattern of sizes how many of it run at
    most, `no_slots` is the pattern of sizes without deployment slots, and `taken_slots` are names that a slot cannot
    have. `alone_behind_door`: one service of a site is behind the front door at most.
    """

    size: str = r".+"
    size_is: str = "a size"
    most: Mapping[str, int] = field(default_factory=dict)
    no_slots: str | None = None
    taken_slots: tuple[str, ...] = ()
    alone_behind_door: bool = False


@dataclass(frozen=True)
class Gone:
    """
    `what` people remember of a cloud and cannot do any more, or never could where it matters; `because` says why, and
    `instead` what stands in its place here. `kind` is the kind of store or service that it is about, empty for any.
    """

    what: str
    because: str
    instead: str
    kind: str = ""

    def __str__(self) -> str:
        return f"old runbooks say {self.what}, but {self.because}: {self.instead}"


@dataclass(frozen=True)
class CloudFacts:
    """
    `regions` maps each region to the one that it is paired with, or to None where the cloud pairs none.
    `agent_beside` are the kinds of service of which a site's agent needs one to run beside; none: it runs by itself.
    `roles_made_in` is the one region without which no role can be made or changed anywhere; empty where there is none.
    `account` is the pattern of what owns resources, and `account_is` says in words what it is. `stores` and `services`
    are the kinds that have a component and a driver here; a plan with another kind is refused before anything is made.
    `example_account` and `example_regions` (primary, warm, cold) are what a new plan begins with.
    `recovery_name` gives the name of a site's bucket or account for running a recovery, in which no data lies.
    `step_times` is how long steps of a recovery take whose time is the cloud's own, and `restore_a_gb` how many seconds
    a restored GB adds to `build_store`.
    `firewalls` says whether a front door can keep single addresses out here, and `sites_behind_one_door` how many sites
    one front door can choose among; 0 where the cloud has no such door, or none is built.
    `store_rules` and `service_rules` judge a plan also where nothing is built yet, and `gone` is what old runbooks say.
    """

    name: str
    regions: Mapping[str, str | None]
    account: str
    account_is: str
    recovery_name: Callable[["Plan", str], str]
    stores: Mapping[str, StoreFacts] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    store_rules: Mapping[str, StoreRules] = field(default_factory=dict)
    service_rules: Mapping[str, ServiceRules] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()
    agent_beside: tuple[str, ...] = ()
    roles_made_in: str = ""
    step_times: Mapping[str, StepTime] = field(default_factory=dict)
    restore_a_gb: float = 6.0
    firewalls: bool = False
    sites_behind_one_door: int = 0
    example_account: str = ""
    example_regions: tuple[str, str, str] = ("", "", "")

    @property
    def is_built(self) -> bool:
        """Whether anything at all can be made in it."""
        return bool(self.stores or self.services)
