"""Azure components, one a file, and the table that says which of them declares which kind."""
