from pulumi import ResourceOptions
from sim import STEP, Thing

v = int(STEP)
a = Thing("a", {"color": v}, ResourceOptions(protect=v != 3))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(retain_on_delete=v < 3))
if v == 1:
    Thing("c", {"region": "r1", "exclusive": True}, ResourceOptions(protect=True, depends_on=[b]))
    Thing("d", {"peer": b.endpoint})
if v == 2:
    Thing("c", {"region": "r2", "exclusive": True}, ResourceOptions(protect=True, depends_on=[b]))
