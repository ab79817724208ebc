"""What a model thinks aloud before it speaks: neither an answer nor a call.

Models that reason write their thoughts between tags of their own. A server may be told to part them
from the answer (``reasoning_content``); one that is not sends them in the text. Where the chat
template opens the thoughts itself, only the closing tag is in the text.
"""

from __future__ import annotations

import re

# Qwen3, DeepSeek-R1 and many others; MedGemma marks thoughts by two pieces of its vocabulary.
_TAGS = "think|thinking|thought|reasoning"
_OPENED = re.compile(
    rf"<({_TAGS})>.*?(?:</\1>|\Z)|<unused94>.*?(?:<unused95>|\Z)", re.DOTALL | re.IGNORECASE
)
_CLOSED = re.compile(rf"\A.*(?:</(?:{_TAGS})>|<unused95>)", re.DOTALL | re.IGNORECASE)


def without_thoughts(text: str) -> str:
    """The text of a model without what it thought; thoughts that were not ended run to its end."""
    return _CLOSED.sub("", _OPENED.sub("", text)).strip()
