"""The viewer of the chat page: slices, overlays, and where a finding lies."""
