"""What is rehearsed: each scenario goes from a steady state through a fault and a runbook to a steady state."""
