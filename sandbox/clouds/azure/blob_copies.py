"""
Copies of blobs in other regions: those that object replication makes in another account, and the one that a
geo-redundant account keeps in the pair of its region. Both arrive later, and what has not arrived can be lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from model.clouds.azure import AZURE
from sandbox.clouds.azure.blob_rules import container_id, is_named, keeps_versions
from sandbox.clouds.azure.blobs import Blob, BlobStore, Kept
from sandbox.clouds.azure.crossing import Crossing
from sandbox.clouds.azure.kind import Record, plain_location
from sandbox.clouds.azure.world import AzureWorld

if TYPE_CHECKING:
    from sandbox.clouds.context import Context

COPY_SECONDS = 60.0
"""
From a write until it is elsewhere, before the world's pace (assumed: nothing is promised; with priority replication
99 % of objects arrive within 15 minutes).
"""
GEO = ("Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
POLICIES = "Microsoft.Storage/storageAccounts/objectReplicationPolicies"
EVERYTHING = "1601-01-01T00:00:00Z"
"""The moment from which a rule copies what was there before it, too."""


def is_geo_redundant(account: Record) -> bool:
    return (account.body.get("sku") or {}).get("name") in GEO


def region_of(account: Record) -> str:
    """Where its blobs are: after a failover that is not where its location says."""
    return str(account.held.get("region") or account.location)


def pair_of(account: Record) -> str:
    """Where a geo-redundant account has its copy. Raises KeyError for a region without a pair."""
    found = account.held.get("pair") or AZURE.regions[region_of(account)]
    if found is None:
        raise KeyError(region_of(account))
    return plain_location(str(found))


class BlobCopies:
    """All of a world. Asked with the lock of the blobs held, or not at all at the same time."""

    def __init__(self, context: Context) -> None:
        self._blobs, self._world = context.one(BlobStore), context.one(AzureWorld)
        self._crossing = Crossing(context, "blob copies", self._blobs.lock)

    # what happens to a blob -------------------------------------------------------------------------------------------
    def wrote(self, account: Record, container: str, name: str, blob: Blob) -> None:
        for policy, rule, other in self._rules(account, container):
            self._send(account, other, partial(self._arrives, policy, rule, other, name, blob))
        self._to_pair(account, container, name)

    def deleted(self, account: Record, container: str, name: str, version: str) -> None:
        """`version` is empty where the blob itself was deleted; an old version that is deleted is nobody else's."""
        if not version:
            for _, rule, other in self._rules(account, container):
                self._send(account, other, partial(self._goes, other, str(rule["destinationContainer"]), name))
        self._to_pair(account, container, name)

    # object replication -----------------------------------------------------------------------------------------------
    def receives(self, account: Record, container: str) -> bool:
        """Is it the destination of a rule?"""
        return any(
            rule["destinationContainer"] == container
            for policy in self.policies(account)
            if is_named(policy, "destinationAccount", account)
            for rule in policy.properties["rules"]
        )

    def policies(self, account: Record) -> list[Record]:
        return self._world.store.children(account, POLICIES)

    def begin(self, account: Record, policy: Record) -> None:
        """A policy has come into force at its source: what is there already is sent where its rules say so."""
        with self._blobs.lock:
            for rule in policy.properties["rules"]:
                if (rule.get("filters") or {}).get("minCreationTime") != EVERYTHING:
                    continue
                container = str(rule["sourceContainer"])
                for name in self._blobs.names(account.id.name, container):
                    kept = self._blobs.of(account.id.name, container, name)
                    for _, found, other in self._rules(account, container):
                        if found is rule:
                            whole = Kept(kept.current, list(kept.before))
                            self._send(account, other, partial(self._arrives_whole, policy, rule, other, name, whole))

    def _rules(self, account: Record, container: str) -> Iterator[tuple[Record, dict[str, Any], Record]]:
        """The rules that send from a container, with their policy and the account that they send to."""
        for policy in self.policies(account):
            if not is_named(policy, "sourceAccount", account):
                continue
            other = self._world.store.find(str(policy.properties["destinationAccount"]))
            there = other and self._world.store.find(f"{other.id.text}/objectReplicationPolicies/{policy.id.name}")
            if other is None or there is None:
                continue  # both accounts have to have it
            for rule in policy.properties["rules"]:
                if rule["sourceContainer"] == container:
                    yield policy, rule, other

    def _send(self, account: Record, other: Record, act: Any) -> None:
        way = (account.id.name, other.id.name)
        self._crossing.send(way, region_of(account), region_of(other), act, seconds=COPY_SECONDS)

    def _arrives_whole(self, policy: Record, rule: dict[str, Any], other: Record, name: str, kept: Kept) -> None:
        for blob in (*kept.before, *([kept.current] if kept.current else ())):
            self._arrives(policy, rule, other, name, blob)
        if kept.current is None:
            self._goes(other, str(rule["destinationContainer"]), name)

    def _arrives(self, policy: Record, rule: dict[str, Any], other: Record, name: str, blob: Blob) -> None:
        container, status = str(rule["destinationContainer"]), f"x-ms-or-{policy.id.name}_{rule['ruleId']}"
        mine = self._blobs.of(other.id.name, container, name)
        known = {each.version for each in (*mine.before, *([mine.current] if mine.current else ()))}
        if blob.version in known:
            return
        if mine.current is not None and self._is_kept_whole(other, container):
            blob.marks[status] = "failed"
            return
        if mine.current is not None:
            mine.before.append(mine.current)
        mine.current = replace(blob, marks={"x-ms-or-policy-id": policy.id.name})
        blob.marks[status] = "complete"

    def _goes(self, other: Record, container: str, name: str) -> None:
        mine = self._blobs.of(other.id.name, container, name)
        if mine.current is not None and not self._is_kept_whole(other, container):
            mine.before.append(mine.current)
            mine.current = None

    def _is_kept_whole(self, account: Record, container: str) -> bool:
        """By a policy of the container: what is in it cannot be changed, by a copy neither."""
        holder, find = container_id(account, container), self._world.store.find
        return not keeps_versions(account, find(holder)) and find(f"{holder}/immutabilityPolicies/default") is not None

    # geo-redundancy ---------------------------------------------------------------------------------------------------
    def keep_pair(self, account: Record) -> None:
        """Begin to have a copy in the pair, or end it, as the redundancy of the account says."""
        with self._blobs.lock:
            if not is_geo_redundant(account):
                self.forget_pair(account)
            elif not account.held.get("has_pair"):
                account.held["has_pair"] = True
                for container in self._blobs.containers(account.id.name):
                    for name in self._blobs.names(account.id.name, container):
                        self._to_pair(account, container, name)

    def forget_pair(self, account: Record) -> None:
        with self._blobs.lock:
            self._crossing.drop(_pair_way(account))
            self._blobs.forget_account(_pair_name(account))
            account.held.pop("has_pair", None)

    def synced_at(self, account: Record) -> float:
        """All that was written before this moment (seconds since 1970) is in the pair."""
        oldest = self._crossing.oldest(_pair_way(account))
        return oldest if oldest is not None else time.time()

    def fail_over(self, account: Record, *, planned: bool) -> None:
        """
        Have the blobs as they are in the pair. Planned: as they are, because all of it has arrived by then. Else what
        has not arrived is gone, and so is the copy.
        """
        with self._blobs.lock:
            self._crossing.drop(_pair_way(account))
            if planned:
                return
            self._blobs.take_over(account.id.name, _pair_name(account))
            account.held.pop("has_pair", None)

    def _to_pair(self, account: Record, container: str, name: str) -> None:
        if not account.held.get("has_pair"):
            return
        kept = self._blobs.of(account.id.name, container, name)
        whole = Kept(kept.current, list(kept.before))
        act = partial(self._blobs.put_whole, _pair_name(account), container, name, whole)
        self._crossing.send(_pair_way(account), region_of(account), pair_of(account), act, seconds=COPY_SECONDS)


def _pair_name(account: Record) -> str:
    """Names of accounts have no hyphen, so it is nobody else's."""
    return f"{account.id.name}-secondary"


def _pair_way(account: Record) -> tuple[str, str]:
    return account.id.name, _pair_name(account)
