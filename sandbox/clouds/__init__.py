"""
The control planes of the small world: those of its clouds, Kubernetes, and the Pulumi providers over them.

    planes = start_control_planes(fabric, names, plan, ports, home, authority=authority)   (`planes`)
    planes.env("dr")     what a program that manages stack `dr` needs in its environment
    planes.stop()

Each cloud has a folder here and one in `sandbox/providers`, and a line in `registry`.
"""
