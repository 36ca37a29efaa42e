from pulumi import ResourceOptions
from sim import STEP, Thing

v = int(STEP)
a = Thing("a", {"region": f"r{v if v < 4 else 1}"}, ResourceOptions(delete_before_replace=True))
if v != 4:
    b = Thing("b", {"region": a.endpoint}, ResourceOptions(delete_before_replace=True, protect=v == 3))
    Thing("c", {"peer": b.endpoint}, ResourceOptions(depends_on=[a]))
