"""Clinical knowledge as data: vocabulary, packs, and their strict loaders."""

from dxtrace.knowledge.errors import KnowledgeError
from dxtrace.knowledge.knowledge import Knowledge
from dxtrace.knowledge.loader import KNOWLEDGE_FOLDER, load_knowledge
from dxtrace.knowledge.vocabulary import Vocabulary

__all__ = ["KNOWLEDGE_FOLDER", "Knowledge", "KnowledgeError", "Vocabulary", "load_knowledge"]
