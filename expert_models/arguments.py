"""What a call may carry; defined beside the case, as a case and a result may hold it."""

from dxtrace.clinical import Arguments, Box, Point

__all__ = ["Arguments", "Box", "Point"]
