"""Segment Anything networks that are tiny, in both file formats; the originals are 375 MB."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

SIDE = 64
PATCH = 8


def tiny_sam() -> Any:
    """A network of transformers of a few thousand weights."""
    import torch
    from transformers import (
        SamConfig,
        SamMaskDecoderConfig,
        SamModel,
        SamPromptEncoderConfig,
        SamVisionConfig,
    )

    size = {"image_size": SIDE, "patch_size": PATCH}
    torch.manual_seed(0)
    return SamModel(
        SamConfig(
            vision_config=SamVisionConfig(
                hidden_size=16, output_channels=16, num_hidden_layers=2, num_attention_heads=2,
                window_size=4, global_attn_indexes=[1], num_pos_feats=8, mlp_dim=32, **size,
            ),
            prompt_encoder_config=SamPromptEncoderConfig(
                hidden_size=16, mask_input_channels=4, **size
            ),
            mask_decoder_config=SamMaskDecoderConfig(
                hidden_size=16, mlp_dim=32, num_attention_heads=2, iou_head_hidden_dim=16
            ),
        )
    ).eval()  # fmt: skip


def save_folder(folder: Path, *, safetensors: bool = True) -> Path:
    """The folder format of transformers."""
    import torch
    from transformers import SamImageProcessor, SamProcessor

    model = tiny_sam()
    model.save_pretrained(folder)
    if not safetensors:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    square = {"height": SIDE, "width": SIDE}
    SamProcessor(SamImageProcessor(size={"longest_edge": SIDE}, pad_size=square)).save_pretrained(
        folder
    )
    return folder


def original_sam() -> Any:
    """A network of the original package; large random weights give masks that vary."""
    import torch
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )

    sam = Sam(
        image_encoder=ImageEncoderViT(
            depth=2, embed_dim=16, img_size=SIDE, mlp_ratio=2, num_heads=2, patch_size=PATCH,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), use_rel_pos=True, window_size=4,
            global_attn_indexes=(1,), out_chans=256,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=256, image_embedding_size=(SIDE // PATCH,) * 2, input_image_size=(SIDE,) * 2,
            mask_in_chans=4,
        ),
        mask_decoder=MaskDecoder(
            transformer=TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=64, num_heads=8),
            transformer_dim=256, iou_head_depth=3, iou_head_hidden_dim=32,
        ),
        pixel_mean=[123.675, 116.28, 103.53], pixel_std=[58.395, 57.12, 57.375],
    )  # fmt: skip
    torch.manual_seed(4)  # one of those whose masks are neither empty nor full
    with torch.no_grad():
        for weights in sam.parameters():
            weights.normal_(0, 0.2)
        for weights in sam.mask_decoder.output_upscaling[1].parameters():
            weights.normal_()
    return sam.eval()


def follow_prompt(_: Any, **given: Any) -> Any:
    """Stands in for the network's decoder: outlines the box, or 8 pixels around each point.

    Coordinates are those of the network's input, as the real decoder gets them; like that, it takes
    them for indices of pixels, whose middle lies half a pixel further.
    """
    import torch
    from transformers.models.sam.modeling_sam import SamImageSegmentationOutput

    cells = 4 * SIDE // PATCH
    middle = (torch.arange(cells) + 0.5) * SIDE / cells
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    count = 3 if given.get("multimask_output", True) else 1
    if given.get("input_boxes") is not None:
        left, top, right, bottom = (given["input_boxes"][0, 0] + 0.5).tolist()
        distance = torch.stack([x - left, right - x, y - top, bottom - y]).amin(dim=0)
        logits = distance[None]
    else:
        at = given["input_points"][0, :, 0] + 0.5
        logits = torch.stack([8 - torch.hypot(x - px, y - py) for px, py in at.tolist()])
    logits = logits * 50  # what is sure of itself is stable
    masks = logits[None, :, None].repeat(1, 1, count, 1, 1)
    scores = torch.linspace(0.9, 0.95, count).repeat(1, logits.shape[0], 1)
    return SamImageSegmentationOutput(iou_scores=scores, pred_masks=masks)
