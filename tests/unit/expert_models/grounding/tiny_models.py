"""Tiny networks of the true architectures, with processors and tokenizers made without network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "lung", "nodule", "white", "cell", "a")


def save_grounding_dino(folder: Path) -> Path:
    """Grounding DINO: a Swin and a BERT of a few thousand weights."""
    import torch
    from transformers import (
        BertConfig,
        BertTokenizerFast,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    torch.manual_seed(0)
    swin = SwinConfig(
        image_size=64, patch_size=4, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2],
        window_size=4, out_indices=[2, 3, 4],
    )  # fmt: skip
    bert = BertConfig(
        vocab_size=len(_WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16,
    )  # fmt: skip
    config = GroundingDinoConfig(
        backbone_config=swin, text_config=bert, d_model=32, encoder_layers=1, decoder_layers=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, encoder_attention_heads=2,
        decoder_attention_heads=2, num_queries=5, num_feature_levels=4, max_text_len=16,
        disable_custom_kernels=True,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    GroundingDinoForObjectDetection(config).save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(_WORDS) + "\n")
    tokenizer = BertTokenizerFast(vocab=str(vocabulary))
    pictures = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    GroundingDinoProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def save_owlv2(folder: Path) -> Path:
    """OWLv2: CLIP towers of a few thousand weights."""
    import torch
    from transformers import (
        Owlv2Config,
        Owlv2ForObjectDetection,
        Owlv2ImageProcessor,
        Owlv2Processor,
    )

    torch.manual_seed(0)
    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    tokenizer = _clip_tokenizer(folder)
    config = Owlv2Config(
        text_config=_text(tokenizer, 16) | tower | {"num_attention_heads": 2},
        vision_config={"image_size": 64, "patch_size": 16, "num_attention_heads": 2, **tower},
        projection_dim=16,
    )
    Owlv2ForObjectDetection(config).save_pretrained(folder)
    pictures = Owlv2ImageProcessor(size={"height": 64, "width": 64})
    Owlv2Processor(pictures, tokenizer).save_pretrained(folder)
    return folder


def save_clipseg(folder: Path) -> Path:
    """CLIPSeg: CLIP towers and a decoder of a few thousand weights."""
    import torch
    from transformers import (
        CLIPSegConfig,
        CLIPSegForImageSegmentation,
        CLIPSegProcessor,
        ViTImageProcessor,
    )

    torch.manual_seed(0)
    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
    tokenizer = _clip_tokenizer(folder)
    config = CLIPSegConfig(
        text_config=_text(tokenizer, 16) | tower | {"num_attention_heads": 2},
        vision_config={"image_size": 64, "patch_size": 16, "num_attention_heads": 2, **tower},
        projection_dim=16, extract_layers=[0, 1], reduce_dim=8, decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )  # fmt: skip
    CLIPSegForImageSegmentation(config).save_pretrained(folder)
    pictures = ViTImageProcessor(size={"height": 64, "width": 64})
    CLIPSegProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def _clip_tokenizer(folder: Path) -> Any:
    """A tokenizer of letters: no merges."""
    from transformers import CLIPTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({w: i for i, w in enumerate(words)}))
    merges.write_text("#version: 0.2\n")
    return CLIPTokenizerFast(vocab=str(vocabulary), merges=str(merges), model_max_length=16)


def _text(tokenizer: Any, length: int) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": length,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
