"""Looks, and changes nothing."""
