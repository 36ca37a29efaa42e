"""The only importers of the clouds' own libraries."""
