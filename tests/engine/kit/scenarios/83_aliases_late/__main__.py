from pulumi import Alias, ComponentResource, ResourceOptions
from sim import Child, STEP, Thing

v = int(STEP)
old = [Alias(name="a")]
first = Thing("first", {})
if v == 1:
    a = Thing("a", {"region": "r1"})
if v == 2:
    a = Thing("fresh", {"region": "r2"}, ResourceOptions(depends_on=[first]))
if v == 3:
    a = Thing("fresh", {"region": "r2"}, ResourceOptions(aliases=old))
if v == 4:
    a = Thing("fresh", {"region": "r3"}, ResourceOptions(aliases=[*old, Alias(name="fresh"), Alias(name="nobody")]))
if v in (5, 6):
    box = ComponentResource("kit:index:Box", "box", {}, ResourceOptions(aliases=[Alias(name="crate")]))
    a = Child("fresh", {"region": "r3"}, ResourceOptions(parent=box, aliases=[Alias(type_="sim:index:Thing", parent=None), Alias(name="a")]))
if v == 6:
    Thing("a", {"region": "r1"}, ResourceOptions(depends_on=[a]))
if v == 7:
    a = Thing("a", {"region": "r1"})
b = Thing("b", {"peer": a.endpoint})
if v == 7:
    Thing("again", {"region": "r1"}, ResourceOptions(aliases=old, depends_on=[b, first]))
