"""Lungs on frontal chest radiographs: the network of our bundle, and what is made of its output."""
