"""DxTrace: clinical reasoning in which every statement is checked."""

__version__ = "0.1.0"
RESEARCH_USE = "For research use only. Not a medical device; not for diagnosis or treatment."
