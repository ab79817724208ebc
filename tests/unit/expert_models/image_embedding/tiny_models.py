"""Tiny models of the true architectures, saved as their libraries save them."""

import json
from pathlib import Path
from typing import Any

import torch

WORDS = ("no", "a", "the", "with", "lung", "lungs", "clear", "effusion", "pleural", "normal", "x")
_VISION = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
_TEXT = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "max_position_embeddings": 24, "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0,
}  # fmt: skip


def write_tokenizer(folder: Path) -> int:
    """A BERT tokenizer over a few words and letters; its size."""
    from transformers import BertTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz.:,-"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    vocabulary += [x for x in letters if x not in vocabulary] + [f"##{x}" for x in letters]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return len(vocabulary)


def write_clip(folder: Path) -> Path:
    """A CLIP of transformers."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    torch.manual_seed(1)
    size = write_tokenizer(folder)
    config = CLIPConfig(
        vision_config=_VISION, text_config={**_TEXT, "vocab_size": size}, projection_dim=16
    )
    CLIPModel(config).save_pretrained(folder)
    sides = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=sides).save_pretrained(folder)
    return folder


def write_siglip(folder: Path) -> Path:
    """A SigLIP of transformers."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    torch.manual_seed(2)
    size = write_tokenizer(folder)
    text = {**_TEXT, "vocab_size": size, "projection_size": 32}
    SiglipModel(SiglipConfig(vision_config=_VISION, text_config=text)).save_pretrained(folder)
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def write_dinov2(folder: Path) -> Path:
    """A DINOv2, as RAD-DINO is one: images alone."""
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    torch.manual_seed(3)
    config = Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(folder)
    sides = {"height": 28, "width": 28}
    BitImageProcessor(size={"shortest_edge": 28}, crop_size=sides).save_pretrained(folder)
    return folder


def write_open_clip(folder: Path) -> Path:
    """A folder like BiomedCLIP's: a ViT of timm, a BERT of transformers, weights as a pickle."""
    from transformers import BertConfig

    size = write_tokenizer(folder)
    BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=24,
    ).save_pretrained(folder / "text")  # fmt: skip
    name = "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract"
    model: dict[str, Any] = {
        "embed_dim": 16,
        "vision_cfg": {
            "timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": "",
            "timm_proj": "linear", "image_size": 160,
        },
        "text_cfg": {
            "hf_model_name": name, "hf_tokenizer_name": name, "context_length": 24,
            "hf_proj_type": "mlp", "hf_pooler_type": "cls_last_hidden_state_pooler",
        },
    }  # fmt: skip
    preparation = {"mean": [0.48, 0.45, 0.4], "std": [0.27, 0.26, 0.27]}
    config = {"model_cfg": model, "preprocess_cfg": preparation}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    import open_clip

    torch.manual_seed(4)
    made = open_clip.create_model(
        f"local-dir:{folder}", load_weights=False, pretrained_image=False, pretrained_text=False,
        text_cfg={
            **model["text_cfg"], "hf_model_name": str(folder / "text"), "hf_model_pretrained": False
        },
    )  # fmt: skip
    torch.save(made.state_dict(), folder / "open_clip_pytorch_model.bin")
    return folder
