from pulumi import ResourceOptions
from sim import STEP, Thing

v = int(STEP)
disks = [{"id": "d1", "size": 1}, {"id": "d2", "size": 2}]
if v == 2:
    disks = [{"id": "d1x", "size": 10}, {"id": "d2x", "size": 20}]
if v == 3:
    disks = [{"id": "d1y", "size": 1}, {"id": "d2y", "size": 2}, {"id": "d3", "size": 3}]
if v == 4:
    disks = [{"id": "z", "size": 1}]
Thing("vm", {"disks": disks, "tags": {"a": str(v), "b.c": "x", "own": "y"}}, ResourceOptions(ignore_changes=["disks[*].id", "tags[\"b.c\"]"]))
Thing("all", {"color": v, "region": f"r{v}"} if v < 4 else {"color": 9, "kind": "new"}, ResourceOptions(ignore_changes=["*"]))
Thing("some", {"tags": {"a": v} if v != 3 else None, "list": [v, 2][: v]}, ResourceOptions(ignore_changes=["tags.a", "list[0]", "nothing.here"], replace_on_changes=["list[1]"]))
