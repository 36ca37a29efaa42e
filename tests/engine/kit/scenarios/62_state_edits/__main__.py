import pulumi
from pulumi import ComponentResource, ResourceOptions
from sim import Provider, Thing

box = ComponentResource("kit:index:Box", "box")
a = Thing("a", {"color": "red"}, ResourceOptions(parent=box))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(protect=True))
p = Provider("p", {"account": "one"})
c = Thing("c", {}, ResourceOptions(provider=p, deleted_with=a))
pulumi.export("a", a.endpoint)
