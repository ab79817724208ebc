"""Image-text models that write: in this process, through transformers or vLLM's engine.

What goes in and comes out is plain (:mod:`expert_models.image_text.writing`); the libraries are
imported when a model is loaded.
"""
