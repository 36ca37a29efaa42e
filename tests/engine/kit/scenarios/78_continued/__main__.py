import pulumi
from pulumi import ResourceOptions
from sim import STEP, Provider, Thing, trace

v = int(STEP)
p = Provider("p", {"account": "one"})
q = Provider("q", {"account": "two"}) if v > 2 else p
a = Thing("a", {"color": v, "failUpdate": v == 3}, ResourceOptions(provider=q if v == 3 else p))
parent = Thing("parent", {"failCreate": v == 1})
child = Thing("child", {"color": v}, ResourceOptions(parent=parent))
grand = Thing("grand", {"peer": child.endpoint})
along = Thing("along", {"color": v}, ResourceOptions(deleted_with=parent))
apart = Thing("apart", {"color": v})
if v != 3:
    Thing("leaving", {"peer": apart.endpoint}, ResourceOptions(depends_on=[a]))
if v < 3:
    Thing("low", {"peer": apart.endpoint})
parent.id.apply(lambda i: trace("parent", i))
child.endpoint.apply(lambda e: trace("child", e))
pulumi.export("apart", apart.endpoint)
pulumi.export("grand", grand.endpoint)
