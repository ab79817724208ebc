"""What people start: the command line and batch review."""
