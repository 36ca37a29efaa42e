"""Kubernetes as a run uses it: the same in every cloud."""
