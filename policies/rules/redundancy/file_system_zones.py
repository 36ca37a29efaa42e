"""File systems survive the loss of one zone."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import REDUNDANCY


def regional(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["availabilityZoneName"]
    if node.present():
        yield f"availabilityZoneName is {node.shown()}: the file system lies in one zone"


RULES = (
    Rule(
        id="DR-HAV-007",
        title="EFS file systems lie in several zones",
        severity=HIGH,
        types=("aws:efs/fileSystem:FileSystem",),
        checks=(regional,),
        why="A One Zone file system is lost with its zone, and it cannot be changed: the file system is replaced.",
        remedy="Leave availabilityZoneName out when the file system is made.",
        serves=REDUNDANCY,
        see=("prowler efs_multi_az_enabled",),
    ),
    Rule(
        id="DR-HAV-008",
        title="FSx file systems have a standby in another zone",
        severity=HIGH,
        types=(
            "aws:fsx/windowsFileSystem:WindowsFileSystem",
            "aws:fsx/ontapFileSystem:OntapFileSystem",
            "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
        ),
        checks=(is_one_of("deploymentType", "MULTI_AZ_1", "MULTI_AZ_2"),),
        why=(
            "Left out, FSx for Windows takes one zone; the deployment type cannot be changed later. FSx for Lustre "
            "knows one zone only, and is not asked: what must survive belongs elsewhere."
        ),
        remedy="Set deploymentType to MULTI_AZ_1 (MULTI_AZ_2 of ONTAP) when the file system is made.",
        serves=REDUNDANCY,
        see=("prowler fsx_windows_file_system_multi_az_enabled",),
    ),
)
