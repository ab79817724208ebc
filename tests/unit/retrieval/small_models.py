"""A tiny BERT in the folder format of sentence-transformers, with random weights."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "nodule",
    "lung",
    "kidney",
    "stone",
    "solid",
    "follow",
    "up",
    "of",
    "the",
    "7",
    "mm",
]


def write_bert(folder: Path, *, seed: int = 0, layers: int = 2, hidden: int = 24) -> Path:
    """Write configuration, tokenizer and weights of a BERT of another size than MiniLM."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "bert", "architectures": ["BertModel"], "hidden_size": hidden,
        "num_hidden_layers": layers, "num_attention_heads": 4, "intermediate_size": 32,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "max_position_embeddings": 32,
        "type_vocab_size": 2, "vocab_size": len(WORDS), "pad_token_id": 0,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    _write_tokenizer(folder)
    generator = np.random.default_rng(seed)
    weights = {
        name: generator.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in _shapes(layers, hidden, 32)
    }
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(
        models.WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]")  # noqa: S106
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    said = {"tokenizer_class": "BertTokenizer", "model_max_length": 16, "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    (folder / "vocab.txt").write_text("\n".join(WORDS))


def _shapes(layers: int, hidden: int, inner: int) -> list[tuple[str, tuple[int, ...]]]:
    def pair(name: str, out: int, into: int) -> list[tuple[str, tuple[int, ...]]]:
        return [(f"{name}.weight", (out, into)), (f"{name}.bias", (out,))]

    def norm(name: str) -> list[tuple[str, tuple[int, ...]]]:
        return [(f"{name}.weight", (hidden,)), (f"{name}.bias", (hidden,))]

    shapes = [
        ("embeddings.word_embeddings.weight", (len(WORDS), hidden)),
        ("embeddings.position_embeddings.weight", (32, hidden)),
        ("embeddings.token_type_embeddings.weight", (2, hidden)),
        *norm("embeddings.LayerNorm"),
        *pair("pooler.dense", hidden, hidden),
    ]
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes += pair(f"{at}.attention.self.{part}", hidden, hidden)
        shapes += pair(f"{at}.attention.output.dense", hidden, hidden)
        shapes += norm(f"{at}.attention.output.LayerNorm")
        shapes += pair(f"{at}.intermediate.dense", inner, hidden)
        shapes += pair(f"{at}.output.dense", hidden, inner)
        shapes += norm(f"{at}.output.LayerNorm")
    return shapes
