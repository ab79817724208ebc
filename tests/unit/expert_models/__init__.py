"""Importing the package first makes a torchvision importable that does not fit its torch."""

import expert_models  # noqa: F401
