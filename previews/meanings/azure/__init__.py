"""What Azure resources mean for recovery."""
