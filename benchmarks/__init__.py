"""Scripts that print every number the project reports."""
