import pulumi
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions, ResourceOptions
from sim import STEP, Thing, trace

v = int(STEP)


def told(what, fails=False):
    def hook(args: ResourceHookArgs):
        trace(what, args.name, args.id, sorted(args.new_inputs or {}), sorted(args.old_outputs or {}))
        if fails:
            raise Exception(f"{what} fails")
    return hook


before = ResourceHook("before", told("before", fails=v == 3))
after = ResourceHook("after", told("after", fails=v == 4), opts=ResourceHookOptions(on_dry_run=True))
binding = ResourceHookBinding(before_create=[before], after_create=[after], before_update=[before], after_update=[after], before_delete=[before], after_delete=[after])
a = Thing("a", {"color": v, "region": "r1" if v < 5 else "r2"}, ResourceOptions(hooks=binding))
b = Thing("b", {"peer": a.endpoint, "color": v}, ResourceOptions(hooks=binding if v > 1 else None, delete_before_replace=True))
if v < 6:
    Thing("c", {}, ResourceOptions(hooks=binding, retain_on_delete=v == 5, depends_on=[b]))
