"""Azure: what a run asks of it, through the Resource Manager, Blob Storage and Key Vault."""
