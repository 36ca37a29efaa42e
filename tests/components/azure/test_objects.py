"""Objects of a site: an account of its own, what it writes into, and the copies that it agrees on with the others."""

from pathlib import Path
from typing import Any

from model import Topology, load_plan
from model.site_records import SiteRecord, provisioning_order
from tests.components.azure.test_site import INITIAL, MOVED, PATH, PLAN, RECORDS, one, roles_of, seen
from tests.components.declared import Declared, declared, of_type

RULE = {"sourceContainer": "media-objects", "filters": {"minCreationTime": "1601-01-01T00:00:00Z"}}
LIVE = "replicate_to: [secondary, tertiary]"
ARCHIVE = "replicate_to: [secondary], archive: {site: tertiary, storage_class: Cold, after: 30d, lock: 60d}"


def policies(site: str, **more: Any) -> dict[str, dict[str, Any]]:
    return {it.name: dict(it.inputs) for it in of_type(seen(site, **more), "ObjectReplicationPolicy")}


def test_a_site_writes_into_its_own_container_and_reads_those_of_the_others() -> None:
    for site, others in (("primary", ("secondary", "tertiary")), ("secondary", ("primary", "tertiary"))):
        found, copies = seen(site), [f"media-from-{each}" for each in others]
        account = one(found, "StorageAccount", "media-account")
        assert (account.inputs["allowSharedKeyAccess"], account.inputs["allowBlobPublicAccess"]) == (False, False)
        assert (account.inputs["sku"], account.protect) == ({"name": "Standard_GZRS"}, True)
        names = {it.inputs["containerName"] for it in of_type(found, "BlobContainer") if it.name.startswith("media")}
        assert names == {"media-objects", *copies}
        roles = {scope: role for scope, role in roles_of(found, "web").items() if scope.startswith("media")}
        writes, reads = "Storage Blob Data Contributor", "Storage Blob Data Reader"
        assert roles == {"media-objects": writes} | dict.fromkeys(copies, reads)
        app = one(found, "WebApp", "web-app")
        told = {each["name"]: each["value"] for each in app.inputs["siteConfig"]["appSettings"]}
        assert told["DR_STORE_MEDIA_NAME"] == account.inputs["accountName"]
        assert told["DR_STORE_MEDIA_CONTAINER"] == "media-objects"
        assert told["DR_STORE_MEDIA_COPIES"] == ",".join(copies)


def test_nothing_is_sent_to_where_data_may_not_lie() -> None:
    """The pair of the third region is not among those that the plan allows."""
    assert one(seen("tertiary"), "StorageAccount", "media-account").inputs["sku"] == {"name": "Standard_ZRS"}


def test_what_is_sent_is_named_by_who_receives_it() -> None:
    found = policies("primary")
    assert set(found) == {f"media-{way}-{site}" for way in ("from", "to") for site in ("secondary", "tertiary")}
    assert found["media-from-secondary"]["objectReplicationPolicyId"] == "default"
    sent = found["media-to-secondary"]
    assert sent["objectReplicationPolicyId"] == "primary-to-secondary"
    assert sent["rules"] == [{**RULE, "destinationContainer": "media-from-primary", "ruleId": "r"}]
    assert policies("primary", recorded=False) == {}, "nobody is there yet to agree with"


def test_a_failover_changes_nothing_about_it() -> None:
    def of(topology: Topology) -> dict[str, Declared]:
        return {it.name: it for it in seen("secondary", topology).values() if it.name.startswith("media")}

    assert of(MOVED) == of(INITIAL)


def test_a_sender_comes_again_when_its_receiver_has_named_the_copies() -> None:
    agreeing = ["azure-prod", "azure-dr", "azure-cold"]
    assert provisioning_order(PLAN)[2:] == [agreeing, agreeing, ["azure-prod", "azure-dr", "azure-traffic"]]
    assert provisioning_order(load_plan("samia")) == [["prod"], ["dr", "cold"], ["prod", "dr", "traffic"]]


def test_an_archive_is_locked_once_it_is_there(tmp_path: Path) -> None:
    text, path = Path(PATH).read_text(), tmp_path / "archive.yaml"
    assert LIVE in text
    path.write_text(text.replace(LIVE, ARCHIVE))
    plan = load_plan(str(path))
    initial = Topology.initial(plan)
    first = {site: SiteRecord(front_door=record.front_door) for site, record in RECORDS.items()}
    for records, state in ((first, "Unlocked"), (RECORDS, "Locked")):
        found = declared("azure-cold", initial, records, plan=str(path))
        account = one(found, "StorageAccount", "media-account").inputs
        assert account["immutableStorageWithVersioning"]["immutabilityPolicy"] == {
            "state": state, "immutabilityPeriodSinceCreationInDays": 60, "allowProtectedAppendWrites": False,
        }  # fmt: skip
        names = {it.inputs["containerName"] for it in of_type(found, "BlobContainer") if it.name.startswith("media")}
        assert names == {"media-from-primary", "media-from-secondary"}, "nobody writes into an archive"
    (rule,) = one(found, "ManagementPolicy").inputs["policy"]["rules"]
    actions = rule["definition"]["actions"]
    assert actions["baseBlob"] == {"tierToCold": {"daysAfterModificationGreaterThan": 30}}
    assert actions["version"] == {"delete": {"daysAfterCreationGreaterThan": 60}}, "not before the lock is over"
    sent = {
        it.name for it in of_type(declared("azure-prod", initial, RECORDS, plan=str(path)), "ObjectReplicationPolicy")
    }
    assert sent == {"media-from-secondary", "media-to-secondary", "media-to-tertiary"}
