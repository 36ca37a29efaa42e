import pulumi
from pulumi import Alias, ComponentResource, ResourceOptions, ROOT_STACK_RESOURCE
from sim import STEP, Child, Thing

v = int(STEP)
# a component gets another name, another type and another parent, with all that is in it
if v == 1:
    box = ComponentResource("kit:index:Box", "box")
if v == 2:
    box = ComponentResource("kit:index:Box", "crate", {}, ResourceOptions(aliases=[Alias(name="box")]))
if v == 3:
    box = ComponentResource("kit:store:Crate", "crate", {}, ResourceOptions(aliases=[Alias(type_="kit:index:Box"), Alias(name="box", type_="kit:index:Box")]))
if v >= 4:
    outer = ComponentResource("kit:index:Outer", "outer")
    box = ComponentResource("kit:store:Crate", "crate", {}, ResourceOptions(parent=outer, aliases=[Alias(parent=ROOT_STACK_RESOURCE)]))
name = "box" if v == 1 else "crate"
a = Thing(f"{name}-a", {"color": v}, ResourceOptions(parent=box))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(parent=a, protect=v == 3))
if v < 5:
    c = Child("c", {}, ResourceOptions(parent=box, depends_on=[b]))
else:
    c = Thing("c", {}, ResourceOptions(parent=box, depends_on=[b], aliases=[Alias(type_="sim:index:Child")]))
pulumi.export("c", c.urn)
