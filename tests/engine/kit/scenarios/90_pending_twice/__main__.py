from pulumi import ResourceOptions
from sim import STEP, Thing

v = int(STEP)
key = Thing("key", {"region": f"r{v}"})
user = Thing("user", {"peer": key.endpoint, "kind": f"k{v}"}, ResourceOptions(depends_on=[key]))
if v < 4:
    Thing("extra", {"region": f"r{v}", "peer": user.endpoint})
