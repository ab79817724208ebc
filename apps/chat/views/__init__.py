"""What the chat page shows, as escaped HTML: each view is a function of a conversation."""
