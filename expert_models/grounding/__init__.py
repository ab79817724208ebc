"""Phrases to regions: what words describe is looked for in pictures and outlined."""

from expert_models.grounding.expert import PhraseExpert, PhraseSettings
from expert_models.grounding.segmenter import PhraseSegmenter, Region

__all__ = ["PhraseExpert", "PhraseSegmenter", "PhraseSettings", "Region"]
