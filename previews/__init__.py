"""What a change does to recovery, read from Pulumi previews: one report for all stacks of a pull request."""
