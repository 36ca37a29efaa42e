"""One step a file: precondition, already done?, act, verify by observation, result."""
