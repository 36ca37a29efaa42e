from sim import STEP, Thing
from pulumi import ResourceOptions

v = int(STEP)
# the resource that others need gets another name, while only some of them are targeted or left out
topic = Thing("topic" if v == 1 else "topic-new", {"color": "t"})
for i in range(3):
    Thing(f"sub-{i}", {"peer": topic.endpoint, "number": i if v < 3 else i + 10})
alone = Thing("alone", {"color": v})
last = Thing("last", {"peer": alone.endpoint}, ResourceOptions(depends_on=[topic]))
