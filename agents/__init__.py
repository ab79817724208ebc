"""Planners and the answer writer."""
