"""What no component builds, although the plan's model knows it. Apart from the rest: it can still be forecast."""

from collections.abc import Iterator

from model import built
from model.mistakes import Mistake
from model.plan import Plan


def not_built(plan: Plan) -> Iterator[Mistake]:
    for i, site in enumerate(plan.sites):
        if reason := built.why_not_build_in(site.cloud):
            yield Mistake(f"sites[{i}].cloud", reason)
    clouds = list(dict.fromkeys(site.cloud for site in plan.sites))
    for i, database in enumerate(plan.databases):
        engine, mode = database.engine, database.replication.mode
        for cloud in clouds:
            if reason := built.why_not_build_engine(cloud, engine):
                yield Mistake(f"databases[{i}].engine", reason)
            if reason := built.why_not_replicate(cloud, engine, mode):
                yield Mistake(f"databases[{i}].replication.mode", reason)
    where = {site.name: site.cloud for site in plan.sites}
    for i, store in enumerate(plan.objects):
        if store.archive and (reason := built.why_not_archive(where[store.archive.site], store.archive.storage_class)):
            yield Mistake(f"objects[{i}].archive.storage_class", reason)
