import pulumi
from pulumi import ResourceOptions
from sim import STEP, Thing

v = int(STEP)
a = Thing("a", {"color": v, "html": "<&>"}, ResourceOptions(protect=v == 3))
b = Thing("b", {"region": f"r{v}"})
c = Thing("c", {"region": f"r{v}", "exclusive": True})
pulumi.export("b", b.endpoint)
