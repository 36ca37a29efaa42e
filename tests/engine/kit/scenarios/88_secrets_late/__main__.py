import pulumi
from pulumi import Output, ResourceOptions
from sim import STEP, Thing

v = int(STEP)
word = "open sesame"
# what was written in the open becomes secret, moves inward and outward, and becomes open again
if v == 1:
    Thing("a", {"word": word, "data": {"foo": "bat"}})
if v == 2:
    Thing("a", {"word": Output.secret(word), "data": {"foo": Output.secret("bat")}})
if v == 3:
    Thing("a", {"word": word, "data": Output.secret({"bar": "bat"})}, ResourceOptions(additional_secret_outputs=["word", "endpoint"]))
if v == 4:
    Thing("a", {"word": word, "data": {"foo": Output.secret("bat")}}, ResourceOptions(ignore_changes=["data.foo"]))
if v == 5:
    Thing("a", {"word": Output.secret("other"), "data": {"foo": "bat"}}, ResourceOptions(ignore_changes=["word"]))
if v == 6:
    Thing("a", {"word": Output.unsecret(Output.secret(word)), "data": Output.secret(["x", {"y": 1}]), "region": Output.secret("r2")})
