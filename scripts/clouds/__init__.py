"""What a run asks of clouds (`protocol.py`), and the drivers that answer: the only importers of the clouds' SDKs."""
