"""What Google Cloud resources mean for recovery."""
