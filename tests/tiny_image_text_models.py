"""Image-text models of a few kilobytes, with tokenizer and chat template, written as folders.

They are made from configuration, so what they write is noise, unless they are taught a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORDS = [
    "No acute cardiopulmonary abnormality. Small pleural effusion. 7 mm nodule right upper lobe.",
    '{"name": "segment", "arguments": {"what": "spleen"}} <image> system user assistant tool',
]
CONTROL = [
    "<pad>", "<s>", "</s>", "<image>", "<|im_start|>", "<|im_end|>", "<|vision_start|>",
    "<|vision_end|>", "<|image_pad|>", "<|video_pad|>", "<tool_call>", "</tool_call>",
]  # fmt: skip
ROLES = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "<|im_end|>"}
_CONTENT = """
{%- macro said(content) -%}
{%- for part in content -%}
{%- if part.type == 'image' -%}IMAGE{%- else -%}{{ part.text }}{%- endif -%}
{%- endfor -%}
{%- endmacro -%}
"""
_TURN = "<|im_start|>{{ m.role }}\n{{ said(m.content) }}{{ calls(m) }}<|im_end|>\n"
_CALLS = """
{%- macro calls(m) -%}
{%- for call in m.tool_calls or [] -%}
<tool_call>
{{ call.function | tojson }}
</tool_call>
{%- endfor -%}
{%- endmacro -%}
"""
_BEGIN = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
_TOOLS = "{% if tools %}<|im_start|>system\ntools: {{ tools | tojson }}<|im_end|>\n{% endif %}"

WITH_TOOLS = (
    _CONTENT + _CALLS + _TOOLS + "{% for m in messages %}" + _TURN + "{% endfor %}" + _BEGIN
)
"""As Qwen's: tools before the conversation, calls in tags."""

TURNS_ONLY = (
    _CONTENT + "{%- set calls = namespace() -%}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate user/assistant') }}{% endif %}"
    + _TURN.replace("{{ calls(m) }}", "") + "{% endfor %}" + _BEGIN
)  # fmt: skip
"""As Gemma's and LLaVA's: user and assistant take turns, nobody else speaks."""


def tokenizer(template: str, image: str) -> Any:
    """A byte-level tokenizer with a chat template; ``image`` stands for an image in it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bytes_ = Tokenizer(models.BPE())
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bytes_.train_from_iterator(
        WORDS * 50,
        trainers.BpeTrainer(
            vocab_size=600, special_tokens=CONTROL, initial_alphabet=alphabet, show_progress=False
        ),
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=bytes_, additional_special_tokens=CONTROL[3:10], **ROLES
    )
    made.chat_template = template.replace("IMAGE", image)
    return made


def write_llava(folder: Path, template: str = TURNS_ONLY) -> Path:
    """A LLaVA of 2 layers beside a CLIP of 2 layers."""
    import torch
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    words = tokenizer(template, "<image>")
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(
                hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                image_size=56, patch_size=14,
            ).to_dict(),
            text_config=_text_config(LlamaConfig, words).to_dict(),
            image_token_index=words.convert_tokens_to_ids("<image>"),
            vision_feature_layer=-1,
        )
    )  # fmt: skip
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        words, patch_size=14, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=words.chat_template,
    )  # fmt: skip
    return _write(folder, model, processor)


def write_qwen(folder: Path, template: str = WITH_TOOLS) -> Path:
    """A Qwen2-VL of 2 layers."""
    import torch
    from transformers import (
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    words = tokenizer(template, "<|vision_start|><|image_pad|><|vision_end|>")
    ids = {name: words.convert_tokens_to_ids(f"<|{name}|>") for name in
           ("image_pad", "video_pad", "vision_start", "vision_end")}  # fmt: skip
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}
    torch.manual_seed(0)
    model = Qwen2VLForConditionalGeneration(
        Qwen2VLConfig(
            text_config={**_sizes(words), "rope_parameters": rope},
            vision_config={
                "depth": 2, "embed_dim": 32, "num_heads": 2, "hidden_size": 64, "mlp_ratio": 2,
                "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
            },
            image_token_id=ids["image_pad"], video_token_id=ids["video_pad"],
            vision_start_token_id=ids["vision_start"], vision_end_token_id=ids["vision_end"],
        )
    )  # fmt: skip
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(size={"shortest_edge": 28 * 28 * 4, "longest_edge": 28 * 28 * 16}),
        words, Qwen2VLVideoProcessor(), chat_template=words.chat_template,
    )  # fmt: skip
    return _write(folder, model, processor)


def teach(folder: Path, conversation: Sequence[dict[str, Any]], tools: Any, answer: str) -> None:
    """Train the model of a folder until it continues a conversation with an answer."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder)
    asked = processor.apply_chat_template(
        list(conversation), tools=tools, add_generation_prompt=True, tokenize=True,
        return_dict=True, return_tensors="pt",
    )  # fmt: skip
    wanted = processor.tokenizer(f"{answer}<|im_end|>", return_tensors="pt").input_ids
    length = asked["input_ids"].shape[1]
    ids = torch.cat([asked["input_ids"], wanted], 1)
    labels = ids.clone()
    labels[:, :length] = -100
    whole = {**asked, "input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "mm_token_type_ids" in asked:
        kinds = asked["mm_token_type_ids"]
        whole["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(wanted)], 1)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(400):
        loss = model(**whole, labels=labels).loss
        if loss.item() < 0.01:
            break
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)


def _sizes(words: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(words), "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 1024, "pad_token_id": 0, "bos_token_id": 1,
        "eos_token_id": words.eos_token_id,
    }  # fmt: skip


def _text_config(kind: Any, words: Any) -> Any:
    return kind(**_sizes(words))


def _write(folder: Path, model: Any, processor: Any) -> Path:
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
