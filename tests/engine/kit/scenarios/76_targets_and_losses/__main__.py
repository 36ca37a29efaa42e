from pulumi import ComponentResource, ResourceOptions
from sim import STEP, Provider, Thing
import pulumi

v = int(STEP)
p = Provider("p", {"account": "one" if v < 3 else "two"})
box = ComponentResource("kit:index:Box", "box")
a = Thing("a", {"color": v}, ResourceOptions(parent=box, provider=p))
b = Thing("b", {"peer": a.endpoint, "color": v}, ResourceOptions(parent=box))
c = Thing("c", {"peer": b.endpoint, "failUpdate": v == 2})
if v == 3:
    Thing("new", {"peer": c.endpoint}, ResourceOptions(depends_on=[box]))
pulumi.export("v", v)
