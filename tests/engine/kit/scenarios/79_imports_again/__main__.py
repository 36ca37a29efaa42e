import pulumi
from pulumi import Alias, ResourceOptions
from sim import STEP, Thing, trace

v = int(STEP)
props = {"color": "red", "size": 4}
if v == 1:
    a = Thing("a", {"color": "blue", "size": 4, "extra": 1}, ResourceOptions(import_="ext-1", ignore_changes=["color", "extra"]))
if v in (2, 3):
    a = Thing("a", props, ResourceOptions(import_="ext-1" if v == 2 else "ext-2", protect=True))
if v == 4:
    a = Thing("a", props, ResourceOptions(import_="ext-2"))
if v == 5:
    a = Thing("a", dict(props, color="green"), ResourceOptions(import_="ext-1"))
if v == 6:
    a = Thing("renamed", props, ResourceOptions(import_="ext-2", aliases=[Alias(name="a")]))
if v == 7:
    a = Thing("renamed", dict(props, region="r2"), ResourceOptions(import_="ext-2"))
if v == 8:
    a = Thing("renamed", dict(props, size="4"), ResourceOptions(import_="ext-1"))
if v == 9:
    a = Thing("renamed", dict(props, color=pulumi.Output.secret("red"), hidden=pulumi.Output.secret(None)), ResourceOptions(import_="ext-1"))
a.endpoint.apply(lambda e: trace("endpoint", e))
pulumi.export("id", a.id)
