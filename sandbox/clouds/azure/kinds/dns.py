"""Public DNS zones: what they hold the world's name servers answer."""

from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.kind import Body, Kind, Record
from sandbox.clouds.azure.kinds.trafficmanager import Profile, name_of
from sandbox.clouds.names import Answer

VERSIONS = ("2018-05-01", "2023-07-01-preview")


class Zone(Kind):
    type = "Microsoft.Network/dnsZones"
    versions = VERSIONS
    is_global = True

    def settle(self, record: Record, old: Record | None) -> None:
        identity = record.id.text
        self.world.context.names.add_zone(record.id.name, lambda name, kind: self._answer(identity, name, kind))

    def remove(self, record: Record) -> None:
        self.world.context.names.remove_zone(record.id.name)

    def shown(self, record: Record) -> Body:
        servers = [f"ns1-01.azure-dns.{top}." for top in ("com", "net", "org", "info")]
        return {**super().shown(record), "nameServers": servers, "zoneType": "Public"}

    def _answer(self, identity: str, name: str, kind: str) -> Answer | None:
        zone = self.store.find(identity)
        if zone is None:
            return None
        relative = name.removesuffix(zone.id.name.lower()).rstrip(".") or "@"
        found = [each for each in self.store.below(identity) if each.id.name.lower() == relative]
        if not found:
            return None
        ours = next((each for each in found if each.id.segments[-1][0] in {kind, "CNAME"}), None)
        return Answer("TXT", [], 0) if ours is None else _said(self, ours)


def _said(kind: Kind, record: Record) -> Answer:
    given, ttl = record.properties, float(record.properties.get("TTL") or 3600)
    target = kind.store.find(str((given.get("targetResource") or {}).get("id") or ""))
    if target is not None:
        return Answer("ALIAS", [name_of(target)], ttl)
    match record.id.segments[-1][0]:
        case "CNAME":
            return Answer("CNAME", [str(given["CNAMERecord"]["cname"])], ttl)
        case "A":
            return Answer("A", [str(each["ipv4Address"]) for each in given.get("ARecords") or ()], ttl)
    return Answer("TXT", ["".join(each.get("value") or ()) for each in given.get("TXTRecords") or ()], ttl)


class ARecord(Kind):
    """Record sets of addresses, or an alias of a profile of Traffic Manager."""

    type = f"{Zone.type}/A"
    versions = VERSIONS
    is_global = True

    def check(self, new: Record, old: Record | None) -> None:
        target = str((new.properties.get("targetResource") or {}).get("id") or "")
        if target:
            found = self.store.find(target)
            if found is None or found.id.type.lower() != Profile.type.lower():
                raise not_done("an alias of anything but a profile of Traffic Manager")
        elif new.id.segments[-1][0] == "CNAME" and not (new.properties.get("CNAMERecord") or {}).get("cname"):
            raise ArmError(400, "BadRequest", "A CNAME record set needs CNAMERecord.cname.")
        if new.id.segments[-1][0] == "CNAME" and new.id.name == "@":
            raise ArmError(400, "BadRequest", "A CNAME record set cannot be at the top of a zone.")

    def shown(self, record: Record) -> Body:
        zone, relative = record.id.names[0], record.id.name
        return {**super().shown(record), "fqdn": f"{zone if relative == '@' else f'{relative}.{zone}'}."}


class CnameRecord(ARecord):
    type = f"{Zone.type}/CNAME"


class TxtRecord(ARecord):
    type = f"{Zone.type}/TXT"


KINDS = (Zone, ARecord, CnameRecord, TxtRecord)
