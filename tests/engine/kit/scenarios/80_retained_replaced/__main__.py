from pulumi import ResourceOptions
from sim import STEP, Thing

v = int(STEP)
a = Thing("a", {"region": f"r{v}"}, ResourceOptions(retain_on_delete=v == 2))
b = Thing("b", {"region": f"r{v}", "exclusive": True}, ResourceOptions(retain_on_delete=v != 2, depends_on=[a]))
c = Thing("c", {"peer": b.endpoint}, ResourceOptions(deleted_with=b, replace_with=[a] if v > 2 else None))
d = Thing("d", {"region": c.endpoint}, ResourceOptions(deleted_with=c, retain_on_delete=v == 3))
if v < 3:
    Thing("e", {"peer": d.endpoint}, ResourceOptions(deleted_with=d, retain_on_delete=True))
