"""The tables. Open `failover.py` and read it like the paper it replaces."""
