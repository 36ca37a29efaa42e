import pulumi
from pulumi import Output, ResourceOptions
from sim import STEP, Thing, trace

v = int(STEP)
config = pulumi.Config()
hidden = Output.secret("s1" if v < 3 else "s2")
a = Thing("a", {"text": hidden if v != 2 else "s1", "list": [hidden, {"deep": hidden}], "conf": config.get_secret_object("conf")})
b = Thing("b", {"peer": a.text if hasattr(a, "text") else None, "copied": Output.all(a.endpoint, hidden)},
          ResourceOptions(additional_secret_outputs=["endpoint"] if v == 1 else ["endpoint", "serial"]))
c = Thing("c", {"mint": True, "text": hidden}, ResourceOptions(ignore_changes=["text"]))
pulumi.export("all", Output.all(a.endpoint, b.endpoint, c.endpoint))
pulumi.export("open", pulumi.Output.unsecret(b.endpoint))
pulumi.export("nested", {"x": [hidden, 1]})
