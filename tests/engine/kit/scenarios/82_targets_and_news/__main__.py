from pulumi import Alias, ComponentResource, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
box = ComponentResource("kit:index:Box", "box")
new = []
if v > 1:
    new = [Thing("new", {"color": v})]
a = Thing("a", {"color": v}, ResourceOptions(parent=box))
b = Thing("b", {"color": v}, ResourceOptions(parent=box, depends_on=[a, *new]))
c = Thing("c" if v < 4 else "c2", {"peer": b.endpoint}, ResourceOptions(aliases=[Alias(name="c")] if v > 3 else None))
if v != 3:
    d = Thing("d", {"peer": c.endpoint}, ResourceOptions(parent=c if v == 2 else None, depends_on=new))
if v == 5:
    Thing("inner", {"color": v}, ResourceOptions(parent=ComponentResource("kit:index:Box", "inside", {}, ResourceOptions(parent=box, depends_on=[d]))))
