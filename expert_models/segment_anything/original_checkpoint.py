"""The original checkpoint files (``sam_vit_b_01ec64.pth``, ``medsam_vit_b.pth``) for transformers.

Same network, other names: the tensors are renamed and the sizes are read off them, so that there
is one way to run either format.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from expert_models.errors import ToolRefusal
from expert_models.runtime.tensors import load_tensors

_RENAMED = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"^vision_encoder\.blocks\.", "vision_encoder.layers."),
    (r"\.neck\.0\.", ".neck.conv1."),
    (r"\.neck\.1\.", ".neck.layer_norm1."),
    (r"\.neck\.2\.", ".neck.conv2."),
    (r"\.neck\.3\.", ".neck.layer_norm2."),
    (r"\.norm(\d|_final)", r".layer_norm\1"),
    (r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
     "prompt_encoder.shared_embedding.positional_embedding"),
    (r"\.point_embeddings\.", ".point_embed."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
)  # fmt: skip
_LAYER = re.compile(r"^(.*(?:iou_prediction_head|output_hypernetworks_mlps\.\d+))\.layers\.(\d+)\.")
_SHARED = "prompt_encoder.shared_embedding.positional_embedding"


def load_original(path: Path) -> Any:
    """Load an original checkpoint as a ``transformers.SamModel``.

    Raises:
        ToolRefusal: if it is damaged, holds a pickled program, or is no Segment Anything network.
    """
    from transformers import SamModel

    tensors = {_renamed(name): tensor for name, tensor in load_tensors(path).items()}
    try:
        model = SamModel(_config(tensors))
        tensors["shared_image_embedding.positional_embedding"] = tensors[_SHARED]
        model.load_state_dict(tensors)
    except (KeyError, RuntimeError, ValueError, ZeroDivisionError) as error:
        first = str(error).strip().splitlines()[0]
        raise ToolRefusal(f"{path.name}: expected a Segment Anything checkpoint: {first}") from None
    return model


def _renamed(name: str) -> str:
    for pattern, new in _RENAMED:
        name = re.sub(pattern, new, name)
    found = _LAYER.match(name)
    if found is None:
        return name
    # Three layers: the first and the last have names of their own.
    place = {"0": "proj_in", "2": "proj_out"}.get(found[2], f"layers.{int(found[2]) - 1}")
    return f"{found[1]}.{place}.{name[found.end() :]}"


def _config(tensors: dict[str, Any]) -> Any:
    """The sizes of the network, read off its tensors."""
    from transformers import (
        SamConfig,
        SamMaskDecoderConfig,
        SamPromptEncoderConfig,
        SamVisionConfig,
    )

    patches = tensors["vision_encoder.patch_embed.projection.weight"].shape
    side = tensors["vision_encoder.pos_embed"].shape[1]
    depth = _count(tensors, r"vision_encoder\.layers\.(\d+)\.")
    spans = [
        (tensors[f"vision_encoder.layers.{i}.attn.rel_pos_h"].shape[0] + 1) // 2
        for i in range(depth)
    ]
    hidden, patch = int(patches[0]), int(patches[-1])
    head = int(tensors["vision_encoder.layers.0.attn.rel_pos_h"].shape[1])
    out = int(tensors["vision_encoder.neck.conv1.weight"].shape[0])
    size = {"image_size": side * patch, "patch_size": patch}
    vision = SamVisionConfig(
        hidden_size=hidden,
        output_channels=out,
        num_hidden_layers=depth,
        num_attention_heads=hidden // head,
        window_size=min(spans),
        global_attn_indexes=[i for i, span in enumerate(spans) if span == side],
        num_pos_feats=int(tensors[_SHARED].shape[1]),
        mlp_dim=int(tensors["vision_encoder.layers.0.mlp.lin1.weight"].shape[0]),
        **size,
    )
    masks = int(tensors["prompt_encoder.mask_embed.conv3.weight"].shape[1])
    decoder = SamMaskDecoderConfig(
        hidden_size=out,
        mlp_dim=int(tensors["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0]),
        num_hidden_layers=_count(tensors, r"mask_decoder\.transformer\.layers\.(\d+)\."),
        iou_head_hidden_dim=int(
            tensors["mask_decoder.iou_prediction_head.proj_in.weight"].shape[0]
        ),
        num_multimask_outputs=int(tensors["mask_decoder.mask_tokens.weight"].shape[0]) - 1,
    )
    return SamConfig(
        vision_config=vision,
        prompt_encoder_config=SamPromptEncoderConfig(
            hidden_size=out, mask_input_channels=masks, **size
        ),
        mask_decoder_config=decoder,
    )


def _count(tensors: dict[str, Any], pattern: str) -> int:
    return 1 + max(int(m[1]) for name in tensors if (m := re.match(pattern, name)))
