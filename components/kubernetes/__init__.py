"""Kubernetes components, one a file: what runs in a site's namespace."""
