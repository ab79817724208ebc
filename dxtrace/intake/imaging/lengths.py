"""What a length in a header may be: anything else is a damaged or made-up value."""

# A voxel is no smaller than what a light microscope tells apart, and no larger than a patient.
_SMALLEST_MM = 1e-6
_LARGEST_MM = 1e3
# Scanners put their origin somewhere in the room.
_FARTHEST_MM = 1e6


def is_length(mm: float) -> bool:
    """Whether ``mm`` can be the size of a voxel in mm; what is no number cannot."""
    return bool(_SMALLEST_MM <= mm <= _LARGEST_MM)


def is_place(mm: float) -> bool:
    """Whether ``mm`` can be a coordinate of a patient in mm."""
    return bool(abs(mm) <= _FARTHEST_MM)
