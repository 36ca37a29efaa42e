"""What a site is made of. `spec` holds the plan and imports no pulumi; the other folders declare resources."""
