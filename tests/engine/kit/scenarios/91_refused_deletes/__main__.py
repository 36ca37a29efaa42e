import pulumi
from pulumi import ComponentResource, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
box = ComponentResource("kit:index:Box", "box")
group = Thing("group", {"color": v}, ResourceOptions(parent=box))
if v < 3:
    node = Thing("node", {"region": f"r{v}", "peer": group.endpoint}, ResourceOptions(parent=box, delete_before_replace=True))
    access = Thing("access", {"peer": node.endpoint}, ResourceOptions(parent=node))
    Thing("last", {"peer": access.endpoint}, ResourceOptions(depends_on=[box]))
if v == 4:
    Thing("node", {"region": "r1"}, ResourceOptions(parent=box, depends_on=[group], custom_timeouts=pulumi.CustomTimeouts(create="5m", delete="1h30m")))
