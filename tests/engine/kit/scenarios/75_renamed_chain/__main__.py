from pulumi import Alias, ComponentResource, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
box = ComponentResource("kit:index:Box", "box" if v < 3 else "crate", {}, ResourceOptions(aliases=[Alias(name="box")]))
a = Thing("a" if v == 1 else "a2", {"region": f"r{v}", "exclusive": True}, ResourceOptions(parent=box, aliases=[Alias(name="a")] if v == 2 else [Alias(name="a2"), Alias(name="a")]))
b = Thing("b", {"region": a.endpoint}, ResourceOptions(parent=a))
c = Thing("c", {"color": a.endpoint}, ResourceOptions(replace_on_changes=["color"], deleted_with=b))
d = Thing("d", {"peer": c.serial}, ResourceOptions(delete_before_replace=True))
