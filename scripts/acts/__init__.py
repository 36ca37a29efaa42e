"""What several steps do alike: parts of steps, which no runbook names."""
