"""Segment Anything and MedSAM: outlines where somebody points, and of all that stands apart."""
