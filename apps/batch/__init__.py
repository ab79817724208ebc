"""Batch review: many cases, exactly one result each, however often it is stopped."""
