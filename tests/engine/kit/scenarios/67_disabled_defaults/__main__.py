import pulumi
from pulumi import ResourceOptions
from sim import STEP, Provider, Thing, invoke

v = int(STEP)
p = Provider("p", {"account": "one"})
a = Thing("a", {"color": "red"}, ResourceOptions(provider=p))
if v == 2:
    pulumi.export("found", a.endpoint.apply(lambda _: invoke("describe", {"name": "a"})))
if v == 3:
    Thing("read", {}, ResourceOptions(id="a-1", depends_on=[a]))
if v == 4:
    Thing("lonely", {}, ResourceOptions(depends_on=[a]))
