"""
A small Kubernetes API server for each region: a correct subset over HTTPS, whose Deployments run as real processes.

It keeps objects in memory. A world on a machine with kube-apiserver and etcd could use those; this one does not yet.
"""
