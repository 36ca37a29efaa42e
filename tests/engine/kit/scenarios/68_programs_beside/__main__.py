import pulumi
from pulumi import ComponentResource, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
box = ComponentResource("kit:index:Box", "box")
a = Thing("a", {"color": "red"}, ResourceOptions(parent=box))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(parent=box, depends_on=[a]))
if v == 1:
    Thing("c", {"peer": b.endpoint})
else:
    Thing("d", {"peer": b.endpoint})
box.register_outputs({"a": a.endpoint})
pulumi.export("a", a.endpoint)
