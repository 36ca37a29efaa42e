"""What AWS resources mean for recovery."""
