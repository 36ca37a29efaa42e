"""AWS as a run uses it."""
