"""What adapters share at run time: weights, safe loading, devices, memory."""
