"""A planner model of our own: what it is taught, how it is trained, how it is examined."""
