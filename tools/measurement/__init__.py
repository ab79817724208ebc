"""Sizes, densities, ratios and growth from masks, each an interval that says how.

Imports numpy: import it where images are at hand, not from ``tools``.
"""

from tools.measurement.cardiothoracic import cardiothoracic_ratio
from tools.measurement.density import measure_density
from tools.measurement.growth import measure_growth, prior_measurements
from tools.measurement.lesion_pairs import LesionPair, match_lesions
from tools.measurement.measure import measure, measure_solid_part, why_not_measured
from tools.measurement.registration import Alignment, RegistrationError, register
from tools.measurement.sizes import BodySizes, body_sizes
from tools.measurement.solid_part import solid_part
from tools.measurement.surface import Surface, find_surface

__all__ = [
    "Alignment",
    "BodySizes",
    "LesionPair",
    "RegistrationError",
    "Surface",
    "body_sizes",
    "cardiothoracic_ratio",
    "find_surface",
    "match_lesions",
    "measure",
    "measure_density",
    "measure_growth",
    "measure_solid_part",
    "prior_measurements",
    "register",
    "solid_part",
    "why_not_measured",
]
