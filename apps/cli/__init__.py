"""Names and options of the commands; what they do lies in ``apps.commands``."""
