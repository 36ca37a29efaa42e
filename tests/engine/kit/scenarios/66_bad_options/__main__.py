from pulumi import CustomResource, InvokeOptions, ResourceOptions
from sim import STEP, Thing, trace
import pulumi

v = int(STEP)
a = Thing("a", {"color": v})
if v == 2:
    Thing("b", {"color": v}, ResourceOptions(replace_on_changes=["[oops"], depends_on=[a]))
if v == 3:
    Thing("b", {"color": v}, ResourceOptions(replace_on_changes=["[oops"], depends_on=[a]))
if v == 4:
    Thing("c", {"color": v}, ResourceOptions(hide_diffs=["a["], depends_on=[a]))
if v == 5:
    Thing.get = None
    CustomResource("two:parts", "d", {}, ResourceOptions(depends_on=[a]))
if v == 6:
    CustomResource("sim:index:Thing", "e", {}, ResourceOptions(id="e-1", depends_on=[a]))
if v == 7:
    Thing("f", {}, ResourceOptions(version="not.a.version", depends_on=[a]))
if v == 8:
    pulumi.ComponentResource("loose", "g", {}, ResourceOptions(depends_on=[a]))
if v == 9:
    Thing("h", {"color": 1}, ResourceOptions(ignore_changes=[".x", "a.", 'q["r', "list[x]", "ok..fine"], depends_on=[a]))
if v == 10:
    Thing("h", {"color": 2}, ResourceOptions(ignore_changes=[".x", "a.", 'q["r', "list[x]", "color"], depends_on=[a]))
