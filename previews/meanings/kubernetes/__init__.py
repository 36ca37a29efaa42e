"""What Kubernetes resources mean for recovery."""
