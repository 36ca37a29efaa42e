import pulumi
from pulumi import Output, ResourceOptions, StackReference
from sim import STEP, Thing, trace

v = int(STEP)
if pulumi.get_stack() == "base":
    a = Thing("a", {"color": v, "mint": True})
    pulumi.export("endpoint", a.endpoint)
    if v < 3:
        pulumi.export("nested", {"word": Output.secret("open sesame"), "list": [1, Output.secret([2, {"x": None}])]})
    pulumi.export("token", a.token if v < 2 else Output.unsecret(a.token))
else:
    base = StackReference("base" if v < 4 else "nowhere", stack_name="organization/references_again/base" if v < 4 else "organization/references_again/nowhere")
    nested = base.get_output("nested")
    if v == 3:
        Thing("strict", {"peer": base.require_output("missing")}, ResourceOptions(depends_on=[base]))
    else:
        Thing("user", {"peer": base.require_output("endpoint"), "word": nested, "token": base.get_output("token")})
    missing = base.get_output("missing")
    missing.apply(lambda it: trace("missing", it))
    pulumi.export("again", nested)
    pulumi.export("missing", missing)
