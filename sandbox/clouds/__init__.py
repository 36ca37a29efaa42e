"""
The control planes of the small world: AWS, Kubernetes, and the Pulumi providers over them.

    planes = start_control_planes(fabric, names, plan, ports, home, authority=authority)
    planes.env("dr")     what a program that manages stack `dr` needs in its environment
    planes.stop()
"""

from sandbox.clouds.names import Answer, Names, Zone
from sandbox.clouds.planes import ControlPlanes, start_control_planes
from sandbox.clouds.ports import Ports

__all__ = ["Answer", "ControlPlanes", "Names", "Ports", "Zone", "start_control_planes"]
