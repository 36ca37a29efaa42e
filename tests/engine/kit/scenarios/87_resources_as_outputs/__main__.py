import pulumi
from pulumi import Output, ResourceOptions
from sim import STEP, Provider, Thing, trace

v = int(STEP)


class Site(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("kit:index:Site", name, {}, opts)
        self.thing = Thing(f"{name}-thing", {"color": "c"}, ResourceOptions(parent=self))
        self.register_outputs({"thing": self.thing, "all": [self.thing, {"deep": self.thing.endpoint}]})


p = Provider("p", {"account": "one"})
a = Thing("a", {"color": v, "mint": True}, ResourceOptions(additional_secret_outputs=["endpoint"] if v == 2 else None))
site = Site("site")
b = Thing("b", {"peer": a, "list": [a, site]}, ResourceOptions(provider=p))
b.urn.apply(lambda urn: trace("b", urn))
pulumi.export("thing", a)
pulumi.export("site", site)
pulumi.export("provider", p)
pulumi.export("list", [a, site, {"b": b}])
if v == 1:
    pulumi.export("gone", Output.all(a.endpoint, b.id).apply(lambda both: {"both": both}))
if v == 2:
    pulumi.export("token", a.token)
    pulumi.export("none", None)
if v == 3:
    pulumi.export("hidden", Output.secret({"a": a, "none": None}))
    pulumi.export("asset", pulumi.StringAsset("text"))
