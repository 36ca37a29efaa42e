import json
import os
import pulumi
from sim import trace

trace("given", json.loads(os.environ.get("PULUMI_CONFIG", "{}")))
pulumi.export("conf", pulumi.Config().get_object("conf"))
