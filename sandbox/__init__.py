"""A small real world to rehearse in: regions on loopback with real databases, links, names, pods, control planes."""
