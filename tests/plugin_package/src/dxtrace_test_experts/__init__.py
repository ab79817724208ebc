"""Experts of a third party."""
