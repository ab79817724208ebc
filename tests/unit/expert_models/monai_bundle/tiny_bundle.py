"""A bundle of the model zoo's format with weights that are known: it marks what is bright.

Spleen and tumour come out of one convolution, so that every step around it can be checked: a voxel
brighter than 0.5 after scaling (0 HU) is spleen, one brighter than 0.8 (150 HU) is tumour.
"""

import json
from pathlib import Path
from typing import Any

WINDOW = (-250.0, 250.0)


def make_bundle(
    folder: Path,
    *,
    suffix: str = ".pt",
    in_channels: int = 1,
    invert: bool = True,
    yaml: bool = False,
) -> Path:
    """Write a bundle with a true workflow, metadata and weights."""
    import torch
    from safetensors.torch import save_file

    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "configs" / "metadata.json").write_text(json.dumps(_metadata(in_channels)))
    config = _config(suffix, in_channels, invert=invert)
    if yaml:
        import yaml as writer

        (folder / "configs" / "inference.yaml").write_text(writer.safe_dump(config))
    else:
        (folder / "configs" / "inference.json").write_text(json.dumps(config))
    # Channels: background, spleen, tumour; the largest wins.
    weight = torch.zeros(3, in_channels, 1, 1, 1)
    weight[1, 0], weight[2, 0] = 10.0, 30.0
    tensors = {"conv.weight": weight, "conv.bias": torch.tensor([5.0, 0.0, -16.0])}
    if suffix == ".safetensors":
        save_file(tensors, folder / "models" / "model.safetensors")
    else:
        torch.save(tensors, folder / "models" / "model.pt")
    return folder


def _metadata(channels: int) -> dict[str, Any]:
    image = {"type": "image", "num_channels": channels, "spatial_shape": [16, 16, 16]}
    return {
        "version": "0.3.1",
        "monai_version": "1.6.1",
        "pytorch_version": "2.13.0",
        "numpy_version": "2.0.0",
        "task": "spleen segmentation",
        "description": "A tiny bundle that marks what is bright",
        "authors": "the tests",
        "copyright": "nobody's",
        "eval_metrics": {"mean_dice": 0.96},
        "intended_use": "tests",
        "references": ["Nobody, 2020"],
        "network_data_format": {
            "inputs": {"image": image | {"format": "hounsfield", "modality": "CT"}},
            "outputs": {
                "pred": image
                | {
                    "format": "segmentation",
                    "num_channels": 3,
                    "channel_def": {"0": "background", "1": "spleen", "2": "spleen tumor"},
                }
            },
        },
    }


def _config(suffix: str, channels: int, *, invert: bool) -> dict[str, Any]:
    load = (
        "$@network.load_state_dict(torch.load(@bundle_root + '/models/model.pt'))"
        if suffix == ".pt"
        else "$@network.load_state_dict(load_file(@bundle_root + '/models/model.safetensors'))"
    )
    back = {
        "_target_": "Invertd", "keys": "pred", "transform": "@preprocessing",
        "orig_keys": "image", "nearest_interp": False, "to_tensor": True,
    }  # fmt: skip
    return {
        "imports": ["$import os", "$import torch", "$from safetensors.torch import load_file"],
        "bundle_root": ".",
        "output_dir": "$@bundle_root + '/eval'",
        "dataset_dir": "/nowhere",
        "datalist": "$[os.path.join(@dataset_dir, 'ct.nii.gz')]",
        "device": "$torch.device('cpu')",
        "network_def": {
            "_target_": "Convolution", "spatial_dims": 3, "in_channels": channels,
            "out_channels": 3, "kernel_size": 1, "conv_only": True,
        },
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
                {"_target_": "Spacingd", "keys": "image", "pixdim": [2, 2, 2], "mode": "bilinear"},
                {
                    "_target_": "ScaleIntensityRanged", "keys": "image", "clip": True,
                    "a_min": WINDOW[0], "a_max": WINDOW[1], "b_min": 0, "b_max": 1,
                },
            ],
        },
        "dataset": {
            "_target_": "Dataset", "data": "$[{'image': i} for i in @datalist]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1},
        "inferer": {
            "_target_": "SlidingWindowInferer", "roi_size": [16, 16, 16], "sw_batch_size": 2,
            "overlap": 0.25,
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "softmax": True},
                *([back] if invert else []),
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
                {"_target_": "SaveImaged", "keys": "pred", "output_dir": "@output_dir"},
            ],
        },
        "evaluator": {
            "_target_": "SupervisedEvaluator", "device": "@device",
            "val_data_loader": "@dataloader", "network": "@network", "inferer": "@inferer",
            "postprocessing": "@postprocessing",
        },
        "checkpointloader": load,
        "initialize": ["$setattr(torch.backends.cudnn, 'benchmark', False)"],
        "run": ["$@checkpointloader", "$@evaluator.run()"],
    }  # fmt: skip
