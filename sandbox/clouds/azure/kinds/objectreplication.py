"""
Policies of object replication between two storage accounts. One is made at the destination under the name `default`,
where it is given its own name and those of its rules, and comes into force when the source has it under the same names.
"""

import uuid

from sandbox.clouds.azure.blob_copies import POLICIES, BlobCopies
from sandbox.clouds.azure.blob_rules import container_id, is_named
from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import Body, Kind, Record, get
from sandbox.clouds.azure.kinds.storage import VERSIONS

MOST_OF_AN_ACCOUNT = 2
"""So many destinations of one source, and sources of one destination (Microsoft Learn: object replication)."""
TO_BE_NAMED = "default"


class ObjectReplicationPolicy(Kind):
    """Both accounts keep versions, the source its change feed, and both containers are there."""

    type = POLICIES
    versions = VERSIONS
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        source, destination = (self._account(given.get(f"{which}Account")) for which in ("source", "destination"))
        account = self.store.find(new.id.parent or "")
        if account not in (source, destination) or source is destination:
            raise _refused("The account of a policy is its source or its destination, and these are two.")
        self._check_accounts(source, destination, given.get("rules") or [])
        if old is not None:
            self._keepis_named(given, old)
        elif account is destination:
            self._check_new_at_destination(new, source, destination)
        else:
            self._check_new_at_source(new, source, destination)

    def _account(self, named: object) -> Record:
        """Names alone say nothing of a tenant, which the accounts of a world do not let copies leave."""
        found = self.store.find(str(named)) if str(named).startswith("/subscriptions/") else None
        if found is None:
            raise _refused(f"The storage account {named} was not found. It is named by its full ID.")
        return found

    def _check_accounts(self, source: Record, destination: Record, rules: list[Body]) -> None:
        for account, wanted in (
            (source, ("isVersioningEnabled", "changeFeed.enabled")),
            (destination, ("isVersioningEnabled",)),
        ):
            service = self.store.find(f"{account.id.text}/blobServices/default")
            for each in wanted:
                if service is None or get(service.properties, each) is not True:
                    raise _refused(f"{each} of {account.id.name} has to be true for object replication.")
        if not rules:
            raise _refused("A policy has rules.")
        for rule in rules:
            for account, which in ((source, "sourceContainer"), (destination, "destinationContainer")):
                if self.store.find(container_id(account, rule.get(which))) is None:
                    raise _refused(f"The container {rule.get(which)} of {account.id.name} does not exist.")

    def _check_new_at_destination(self, new: Record, source: Record, destination: Record) -> None:
        if new.id.name != TO_BE_NAMED:
            raise _refused(f"The value '{new.id.name}' is not allowed for property policyId.")
        here = [each for each in self._of(destination) if is_named(each, "destinationAccount", destination)]
        if any(is_named(each, "sourceAccount", source) for each in here):
            message = f"A policy from {source.id.name} to {destination.id.name} exists already."
            raise ArmError(409, "ObjectReplicationPolicyAlreadyExists", message)
        if len(here) >= MOST_OF_AN_ACCOUNT:
            raise _refused(f"{destination.id.name} is the destination of {MOST_OF_AN_ACCOUNT} policies already.")
        new.properties["policyId"] = str(uuid.uuid4())
        for rule in new.properties["rules"]:
            rule["ruleId"] = str(uuid.uuid4())

    def _check_new_at_source(self, new: Record, source: Record, destination: Record) -> None:
        there = self.store.find(f"{destination.id.text}/objectReplicationPolicies/{new.id.name}")
        if there is None or not is_named(there, "sourceAccount", source):
            raise _refused(
                f"{destination.id.name} has no policy {new.id.name} from {source.id.name}: it is made there first."
            )
        if _rules(new) != _rules(there):
            raise _refused("The rules of a policy are the same at its source and at its destination.")
        here = [each for each in self._of(source) if is_named(each, "sourceAccount", source)]
        if len(here) >= MOST_OF_AN_ACCOUNT:
            raise _refused(f"{source.id.name} is the source of {MOST_OF_AN_ACCOUNT} policies already.")
        new.properties["policyId"] = new.id.name

    @staticmethod
    def _keepis_named(given: Body, old: Record) -> None:
        known = {(each["sourceContainer"], each["destinationContainer"]): each for each in old.properties["rules"]}
        given["policyId"] = old.properties["policyId"]
        for rule in given["rules"]:
            before = known.get((rule["sourceContainer"], rule["destinationContainer"]))
            rule["ruleId"] = before["ruleId"] if before else rule.get("ruleId") or str(uuid.uuid4())

    def settle(self, record: Record, old: Record | None) -> None:
        if record.id.name == TO_BE_NAMED:
            self.store.rename(
                record, parse(f"{record.id.parent}/objectReplicationPolicies/{record.properties['policyId']}")
            )
        account = self.store.find(record.id.parent or "")
        if account is not None and is_named(record, "sourceAccount", account) and old is None:
            record.held["enabled"] = record.created.isoformat()
            self.world.context.one(BlobCopies).begin(account, record)

    def shown(self, record: Record) -> Body:
        return {"enabledTime": record.held["enabled"]} if "enabled" in record.held else {}

    def _of(self, account: Record) -> list[Record]:
        return self.store.children(account, self.type)


def _rules(policy: Record) -> set[tuple[str, str, str]]:
    rules = policy.properties.get("rules") or ()
    return {(str(it.get("ruleId")), str(it["sourceContainer"]), str(it["destinationContainer"])) for it in rules}


def _refused(message: str) -> ArmError:
    return ArmError(400, "InvalidRequestPropertyValue", message)


KINDS = (ObjectReplicationPolicy,)
