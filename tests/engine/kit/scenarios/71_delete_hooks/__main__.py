from pulumi import ResourceHook, ResourceHookBinding, ResourceOptions
from sim import STEP, Thing, trace

v = int(STEP)
before = ResourceHook("before", lambda args: trace("before", args.name))
after = ResourceHook("after", lambda args: trace("after", args.name))
a = Thing("a", {}, ResourceOptions(hooks=ResourceHookBinding(before_delete=[before], after_delete=[after])))
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(hooks=ResourceHookBinding(before_delete=[before])))
if v == 1:
    Thing("c", {"peer": b.endpoint}, ResourceOptions(hooks=ResourceHookBinding(after_delete=[after])))
