import pulumi
from pulumi import Alias, ComponentResource, ResourceOptions
from sim import STEP, Provider, Thing

v = int(STEP)
p = Provider("p", {"account": "one" if v < 3 else "two", "note": f"n{v}"}, ResourceOptions(delete_before_replace=v == 4))
q = Provider("q" if v < 4 else "q2", {"account": "three"}, ResourceOptions(aliases=[Alias(name="q")] if v == 4 else None))
a = Thing("a", {"color": "red"}, ResourceOptions(provider=p if v != 2 else q))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(provider=q, depends_on=[p]))
if v < 5:
    c = Thing("c", {"peer": b.endpoint}, ResourceOptions(provider=Provider("own", {"account": p.id}, ResourceOptions(depends_on=[b]))))
box = ComponentResource("kit:index:Box", "box", {}, ResourceOptions(providers=[q if v == 2 else p], depends_on=[b]))
d = Thing("d", {"color": v}, ResourceOptions(parent=box, depends_on=[b]))
if v == 5:
    Thing("e", {"color": v}, ResourceOptions(provider=Provider("late", {"unreachable": "true"}), depends_on=[d]))
