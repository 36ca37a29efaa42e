from pulumi import ComponentResource, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
version = {1: None, 2: "1.2.3", 3: "1.2.4", 4: "1.2.4"}[v]
a = Thing("a", {"color": "a"}, ResourceOptions(version=version))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(version="1.2.3" if v > 1 else None))
box = ComponentResource("kit:index:Box", "box", {}, ResourceOptions(depends_on=[b]))
c = Thing("c", {"color": "c" if v < 4 else "d"}, ResourceOptions(parent=box, version=version, protect=True))
if v == 4:
    Thing("d", {}, ResourceOptions(version="2.0.0", parent=c))
