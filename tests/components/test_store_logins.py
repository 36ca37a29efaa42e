"""Which stores a service is told of, and as whom it logs in to them: exactly those that it names, and as itself."""

from pathlib import Path
from typing import Any

import yaml

from model import Topology, load_plan
from model.logins import MIGRATE, password_of, service_role
from model.site_records import SiteRecord
from tests.components.declared import PASSWORD, Declared, declared, of_type

PAIR = Path(__file__).parents[1] / "plans" / "pair.yaml"
Told = dict[str, str]


def deployments(plan: Path = PAIR) -> tuple[dict[str, Any], dict[str, Told]]:
    """The pod of each Deployment, and the variables of each ConfigMap and Secret, as a pod reads them."""
    loaded = load_plan(plan)
    sites = {site.name: site.region for site in loaded.sites}
    records = {name: SiteRecord(key=f"arn:aws:kms:{region}:123456789012:key/mrk-1") for name, region in sites.items()}
    seen = declared(loaded.site("primary").stack, Topology.initial(loaded), records, plan=str(plan))
    kubernetes = [
        each for kind in ("ConfigMap", "Secret") for each in of_type(seen, kind) if "kubernetes:" in each.type
    ]
    pods = {name(each): each.inputs["spec"]["template"]["spec"] for each in of_type(seen, "Deployment")}
    return pods, {name(each): variables(each) for each in kubernetes}


def name(source: Declared) -> str:
    return str(source.inputs["metadata"]["name"])


def variables(source: Declared) -> Told:
    found = source.inputs.get("data") or source.inputs["stringData"]
    found = found.get("secret", found)
    return {key: value["secret"] if isinstance(value, dict) else str(value) for key, value in found.items()}


def told(container: dict[str, Any], sources: dict[str, Told]) -> Told:
    found: Told = {each["name"]: each["value"] for each in container.get("env", [])}
    for each in container["envFrom"]:
        reference = each.get("configMapRef") or each["secretRef"]
        found |= sources[reference["name"]]
    return found


def of_stores(found: Told) -> Told:
    return {key: value for key, value in found.items() if key.startswith("DR_STORE")}


def test_a_service_that_names_one_of_two_databases_is_told_of_exactly_that_one() -> None:
    pods, sources = deployments()
    for service, store in (("shop", "core"), ("warehouse", "stock"), ("labels", "stock")):
        (container,) = pods[service]["containers"]
        key, role = f"DR_STORE_{store.upper()}", service_role(service)
        found = of_stores(told(container, sources))
        assert found.pop(f"{key}_HOST").startswith(f"pair-primary-{store}-1.")
        assert found == {
            "DR_STORES": store,
            f"{key}_PORT": "5432",
            f"{key}_NAME": store,
            f"{key}_USER": role,
            f"{key}_PASSWORD": password_of(PASSWORD, "pair", store, role),
        }


def test_what_serves_never_sees_the_login_of_its_migrations_nor_anybody_that_of_the_owner() -> None:
    pods, sources = deployments()
    for service, store in (("shop", "core"), ("warehouse", "stock"), ("labels", "stock")):
        (container,), (before,) = pods[service]["containers"], pods[service]["initContainers"]
        serving, migrating = told(container, sources), told(before, sources)
        assert migrating[f"DR_STORE_{store.upper()}_USER"] == MIGRATE
        secret = password_of(PASSWORD, "pair", store, MIGRATE)
        assert migrating[f"DR_STORE_{store.upper()}_PASSWORD"] == secret
        assert secret not in serving.values()
        assert PASSWORD not in {*serving.values(), *migrating.values()}


def test_the_sentinel_logs_in_as_the_owner_and_knows_who_else_does() -> None:
    pods, sources = deployments()
    found = told(pods["dr-sentinel"]["containers"][0], sources)
    assert found["DR_STORES"] == "core,stock"
    for store, services in (("CORE", "shop"), ("STOCK", "warehouse,labels")):
        assert found[f"DR_STORE_{store}_USER"] == "pair_owner"
        assert found[f"DR_STORE_{store}_PASSWORD"] == PASSWORD
        assert found[f"DR_STORE_{store}_SERVICES"] == services
    assert "initContainers" not in pods["dr-sentinel"]


def test_a_service_without_a_store_is_told_of_none_and_migrates_nothing(tmp_path: Path) -> None:
    changed = yaml.safe_load(PAIR.read_text())
    changed["services"][2]["uses"] = []
    changed["services"][0] |= {"uses": ["stock", "core"], "migrate": []}
    plan = tmp_path / "pair.yaml"
    plan.write_text(yaml.safe_dump(changed))
    pods, sources = deployments(plan)
    assert of_stores(told(pods["labels"]["containers"][0], sources)) == {}
    assert "initContainers" not in pods["labels"]
    assert "initContainers" not in pods["shop"], "it says that it changes no schema"
    assert told(pods["shop"]["containers"][0], sources)["DR_STORES"] == "stock,core", "its own store comes first"


def test_no_two_logins_of_a_plan_share_a_password() -> None:
    _, sources = deployments()
    found = [value for each in sources.values() for key, value in each.items() if key.endswith("_PASSWORD")]
    assert len(found) - len(set(found)) == 1, "only the sentinel is told one password twice: the owner's"
