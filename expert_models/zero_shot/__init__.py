"""Scores for concepts from an image-text model and prompts; thresholds only from a calibration."""
