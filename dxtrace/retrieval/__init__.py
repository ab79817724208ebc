"""Guideline passages and similar cases: ingest, search, citations."""
