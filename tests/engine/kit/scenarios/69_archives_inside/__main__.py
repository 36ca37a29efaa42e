from pulumi import AssetArchive, FileArchive, FileAsset, ResourceOptions, StringAsset
import io, os, tarfile, zipfile
from sim import STEP, Thing

v = int(STEP)
with zipfile.ZipFile("packed.zip", "w") as out:
    for name in ("b.txt", "sub/a.txt"):
        out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), name * 3)
with tarfile.open("packed.tar", "w") as out:
    for name in ("z.txt", "sub/y.txt"):
        info = tarfile.TarInfo(name)
        info.size = 3
        out.addfile(info, io.BytesIO(b"abc"))
os.makedirs("code/.pulumi", exist_ok=True)
open("code/.pulumi/hidden", "w").write("x")
a = Thing("a", {"zip": AssetArchive({"in": FileArchive("packed.zip"), "tar": FileArchive("packed.tar")}), "code": FileArchive("code")})
if v == 2:
    Thing("b", {"code": FileArchive("missing.zip")}, ResourceOptions(depends_on=[a]))
if v == 3:
    Thing("b", {"deep": {"list": [AssetArchive({"in": FileArchive("fake.zip")})]}}, ResourceOptions(depends_on=[a]))
if v == 4:
    Thing("b", {"file": FileAsset("code")}, ResourceOptions(depends_on=[a]))
if v == 5:
    Thing("b", {"code": FileArchive("fake.zip")}, ResourceOptions(depends_on=[a]))
