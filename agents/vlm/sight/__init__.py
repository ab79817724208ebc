"""Which pixels a model sees: pictures of a case, chosen and drawn within a budget.

Importing it imports numpy; nothing that starts with DxTrace imports it.
"""

from agents.vlm.sight.budget import SightBudget
from agents.vlm.sight.kept_marks import KeptFiles
from agents.vlm.sight.look import pictures_for
from agents.vlm.sight.picture import Picture, Shown, Sight

__all__ = ["KeptFiles", "Picture", "Shown", "Sight", "SightBudget", "pictures_for"]
