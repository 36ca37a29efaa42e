"""Providers of one service each."""
