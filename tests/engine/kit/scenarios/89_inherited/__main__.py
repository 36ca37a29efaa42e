from pulumi import ComponentResource, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
base = Thing("base", {"region": "r1" if v < 3 else "r2"})
box = ComponentResource("kit:index:Box", "box", {}, ResourceOptions(deleted_with=base, protect=v == 2, retain_on_delete=v == 4))
a = Thing("a", {"color": v}, ResourceOptions(parent=box))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(parent=a))
if v < 4:
    c = Thing("c", {}, ResourceOptions(parent=b, protect=False))
    d = Thing("d", {}, ResourceOptions(parent=box, retain_on_delete=False, deleted_with=a))
