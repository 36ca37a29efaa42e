"""AWS components, one a file. Every regional resource names its region; global ones (IAM, Route 53) have none."""
