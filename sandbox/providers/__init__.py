"""Pulumi providers over the control planes; an engine attaches to them through PULUMI_DEBUG_PROVIDERS."""
