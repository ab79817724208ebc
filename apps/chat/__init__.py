"""The chat page: one local server with the page, the viewer and the conversation."""
