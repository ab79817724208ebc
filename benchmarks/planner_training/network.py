"""The model: a small LLaVA with its tokenizer and chat template, and the folder for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.planner_training.beginning import begin_with_looking_up
from benchmarks.planner_training.pictures import SIDE_PX

PATCH_PX = 14
PICTURE_TOKENS = (SIDE_PX // PATCH_PX) ** 2
ROPE_THETA = 1e8  # most pairs of a head hardly turn within a prompt: what is looked up may be far
PAD, END, PICTURE = "<pad>", "<|end|>", "<image>"
ROLES = ("system", "user", "assistant")
SPECIAL = [PAD, END, PICTURE, *(f"<|{role}|>" for role in ROLES)]
CHAT_TEMPLATE = """\
{%- for m in messages -%}
<|{{ m.role }}|>
{%- if m.content is string -%}{{ m.content }}
{%- else -%}
{%- for part in m.content -%}
{%- if part.type == 'text' -%}{{ part.text }}{%- else -%}<image>{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|end|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""
SETTINGS = f"""\
# How this model wants to be asked (docs/planners.md).
dialect: tokens
briefing: compact
images: 1
image_edge_px: {SIDE_PX}
image_tokens: {PICTURE_TOKENS}
image_is_square: true
max_tokens: 192
"""


@dataclass(frozen=True)
class Size:
    """How large the network is.

    Attributes:
        width: of the text part; the vision tower is a quarter as wide.
        layers: of the text part.
        heads: of attention.
        vocabulary: pieces of words.
        context: tokens that it can read and write.
    """

    width: int = 256
    layers: int = 4
    heads: int = 4
    vocabulary: int = 2048
    context: int = 4096


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Byte-level pairs: what was never seen is spelled, and can be copied.

    Args:
        texts: as they stand in prompts and answers.
        vocabulary: number of pieces, bytes included.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE())
    # Every digit and every sign by itself: a name begins with the same piece wherever it stands.
    pieces.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    pieces.decoder = decoders.ByteLevel()
    pieces.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=SPECIAL, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )  # fmt: skip
    made = PreTrainedTokenizerFast(
        tokenizer_object=pieces, pad_token=PAD, eos_token=END,
        additional_special_tokens=SPECIAL[2:],
    )  # fmt: skip
    made.chat_template = CHAT_TEMPLATE
    return made


def processor_for(tokenizer: Any) -> Any:
    """Tokenizer and picture reader together."""
    from transformers import CLIPImageProcessor, LlavaProcessor

    side = {"height": SIDE_PX, "width": SIDE_PX}
    return LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": SIDE_PX}, crop_size=side),
        tokenizer, patch_size=PATCH_PX, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=CHAT_TEMPLATE,
    )  # fmt: skip


def new_model(tokenizer: Any, size: Size) -> Any:
    """A network that knows nothing yet."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    seeing = size.width // 4
    text = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=size.width, num_hidden_layers=size.layers,
        intermediate_size=2 * size.width, num_attention_heads=size.heads,
        num_key_value_heads=size.heads, max_position_embeddings=size.context,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=seeing, intermediate_size=4 * seeing, num_hidden_layers=2,
        num_attention_heads=2, image_size=SIDE_PX, patch_size=PATCH_PX,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=vision.to_dict(), text_config=text.to_dict(), vision_feature_layer=-1,
        image_token_index=tokenizer.convert_tokens_to_ids(PICTURE), tie_word_embeddings=False,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(config)
    begin_with_looking_up(model, seed=0)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def save_folder(model: Any, processor: Any, folder: Path) -> None:
    """Write the folder that ``transformers:FOLDER`` takes: weights of 16 bits."""
    import copy

    copy.deepcopy(model).cpu().half().save_pretrained(folder)
    _name_as_published(folder / "model.safetensors")
    processor.save_pretrained(folder)
    (folder / "planner.yaml").write_text(SETTINGS, encoding="utf-8")


def _name_as_published(weights: Path) -> None:
    """Name the picture reader's weights as in the published LLaVA checkpoints.

    transformers 5 reads these names but writes shorter ones, which vLLM (0.32) does not know.
    """
    from safetensors.torch import load_file, save_file

    short, published = "vision_tower.", "vision_tower.vision_model."
    named = {
        name if name.startswith(published) else name.replace(short, published, 1): weight
        for name, weight in load_file(weights).items()
    }
    save_file(named, weights, metadata={"format": "pt"})
