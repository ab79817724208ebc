"""Bundles built as those of MONAI's model zoo are, around networks that are tiny and steered.

The workflows have the structure of the zoo's ``inference.json`` (VISTA3D 0.6, BraTS 0.5, detection
of lung nodules 0.6): the same entries, transforms, handlers, and scripts of their own beside them.
What the networks say is set by the image, so that it is known where masks and boxes must lie.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.expert_models.monai_bundle.zoo_classes import VISTA3D_CLASSES, WHOLE_BODY_CLASSES
from tests.unit.expert_models.monai_bundle.zoo_scripts import DETECTION_SCRIPTS, VISTA3D_SCRIPTS


def write_vista3d(folder: Path) -> Path:
    """VISTA3D: everything above 0.5 is the first class asked for, above 0.8 the second."""
    config = {
        "imports": ["$import glob", "$import os", "$import scripts", "$import numpy as np",
                    "$import copy", "$import json", "$import pathlib"],
        "bundle_root": "./",
        "image_key": "image",
        "output_dir": "$@bundle_root + '/eval'",
        "input_dict": "${'image': '/nowhere/spleen_10.nii.gz', 'label_prompt': [3]}",
        "everything_labels": "$list(set([i+1 for i in range(132)]) - set([2,16,18,20,21,23,24,25,"
                             "26,27,128,129,130,131,132]))",
        "metadata_path": "$@bundle_root + '/configs/metadata.json'",
        "metadata": "$json.loads(pathlib.Path(@metadata_path).read_text())",
        "labels_dict": "$@metadata['network_data_format']['outputs']['pred']['channel_def']",
        "subclass": {"2": [14, 5], "20": [28, 29, 30, 31, 32]},
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": "$monai.networks.nets.vista3d132(encoder_embed_dim=8, in_channels=1)",
        "network": "$@network_def.to(@device)",
        "preprocessing_transforms": [
            {"_target_": "LoadImaged", "keys": "@image_key", "image_only": True},
            {"_target_": "EnsureChannelFirstd", "keys": "@image_key"},
            {"_target_": "EnsureTyped", "keys": "@image_key", "device": "@device",
             "track_meta": True},
            {"_target_": "Spacingd", "keys": "@image_key", "pixdim": [1.5, 1.5, 1.5],
             "mode": "bilinear"},
            {"_target_": "CropForegroundd", "keys": "@image_key", "allow_smaller": True,
             "margin": 10, "source_key": "@image_key"},
            {"_target_": "monai.apps.vista3d.transforms.VistaPreTransformd", "keys": "@image_key",
             "subclass": "@subclass", "labels_dict": "@labels_dict"},
            {"_target_": "ScaleIntensityRanged", "keys": "@image_key", "a_min": -1000,
             "a_max": 1000, "b_min": 0, "b_max": 1, "clip": True},
            {"_target_": "Orientationd", "keys": "@image_key", "axcodes": "RAS"},
            {"_target_": "CastToTyped", "keys": "@image_key", "dtype": "$torch.float32"},
        ],
        "preprocessing": {"_target_": "Compose", "transforms": "$@preprocessing_transforms "},
        "dataset": {"_target_": "Dataset", "data": "$[@input_dict]",
                    "transform": "@preprocessing"},
        "dataloader": {"_target_": "ThreadDataLoader", "dataset": "@dataset", "batch_size": 1,
                       "shuffle": False, "num_workers": 0},
        "inferer": {"_target_": "scripts.inferer.Vista3dInferer"},
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "monai.apps.vista3d.transforms.VistaPostTransformd", "keys": "pred"},
                {"_target_": "Invertd", "keys": "pred",
                 "transform": "$copy.deepcopy(@preprocessing)", "orig_keys": "@image_key",
                 "nearest_interp": True, "to_tensor": True},
                {"_target_": "Lambdad", "func": "$lambda x: torch.nan_to_num(x, nan=255)",
                 "keys": "pred"},
                {"_target_": "SaveImaged", "keys": "pred", "resample": False,
                 "output_dir": "@output_dir"},
            ],
        },
        "handlers": [{"_target_": "StatsHandler", "iteration_log": False}],
        "checkpointloader": {"_target_": "CheckpointLoader",
                             "load_path": "$@bundle_root + '/models/model.pt'",
                             "load_dict": {"model": "@network"}, "map_location": "@device"},
        "evaluator": {
            "_target_": "scripts.evaluator.Vista3dEvaluator", "device": "@device",
            "val_data_loader": "@dataloader", "network": "@network", "inferer": "@inferer",
            "postprocessing": "@postprocessing", "val_handlers": "@handlers", "amp": True,
            "hyper_kwargs": {"user_prompt": True, "everything_labels": "@everything_labels"},
        },
        "initialize": ["$monai.utils.set_determinism(seed=123)",
                       "$@checkpointloader(@evaluator)"],
        "run": ["$@evaluator.run()"],
    }  # fmt: skip
    metadata = _metadata("CT", "hounsfield", 1, dict(enumerate(VISTA3D_CLASSES)))
    from monai.networks.nets import vista3d132

    return _write(folder, config, metadata, vista3d132(8, 1).state_dict(), VISTA3D_SCRIPTS)


def write_whole_body(folder: Path) -> Path:
    """The whole-body bundle's format; only its metadata matter here."""
    metadata = _metadata("CT", "hounsfield", 105, dict(enumerate(WHOLE_BODY_CLASSES)))
    return _write(folder, {}, metadata, {}, {})


def write_brats(folder: Path) -> Path:
    """BraTS: core where T1c is bright, whole tumour where FLAIR is, enhancing where T2 is."""
    import torch

    config = {
        "imports": ["$import glob", "$import os"],
        "bundle_root": ".",
        "output_dir": "$@bundle_root + '/eval'",
        "data_list_file_path": "$@bundle_root + '/configs/datalist.json'",
        "dataset_dir": "/nowhere",
        "test_datalist": "$monai.data.load_decathlon_datalist(@data_list_file_path, "
                         "data_list_key='testing', base_dir=@dataset_dir)",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "amp": True,
        "network_def": {"_target_": "Convolution", "spatial_dims": 3, "in_channels": 4,
                        "out_channels": 3, "kernel_size": 1, "conv_only": True},
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image", "image_only": False},
                {"_target_": "NormalizeIntensityd", "keys": "image", "nonzero": True,
                 "channel_wise": True},
            ],
        },
        "dataset": {"_target_": "Dataset", "data": "@test_datalist",
                    "transform": "@preprocessing"},
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1,
                       "shuffle": True, "num_workers": 4},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [240, 240, 160],
                    "sw_batch_size": 1, "overlap": 0.5},
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "sigmoid": True},
                {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing",
                 "orig_keys": "image", "meta_keys": "pred_meta_dict", "nearest_interp": False,
                 "to_tensor": True},
                {"_target_": "AsDiscreted", "keys": "pred", "threshold": 0.5},
                {"_target_": "Lambdad", "keys": "pred",
                 "func": "$lambda x: torch.where(x[[2]] > 0, 4, torch.where(x[[0]] > 0, 1, "
                         "torch.where(x[[1]] > 0, 2, 0)))"},
                {"_target_": "SaveImaged", "keys": "pred", "meta_keys": "pred_meta_dict",
                 "output_dir": "@output_dir", "output_postfix": "seg", "output_dtype": "uint8",
                 "resample": False, "squeeze_end_dims": True},
            ],
        },
        "handlers": [
            {"_target_": "CheckpointLoader", "load_path": "$@bundle_root + '/models/model.pt'",
             "load_dict": {"model": "@network"}},
            {"_target_": "StatsHandler", "iteration_log": False},
        ],
        "evaluator": {"_target_": "SupervisedEvaluator", "device": "@device",
                      "val_data_loader": "@dataloader", "network": "@network",
                      "inferer": "@inferer", "postprocessing": "@postprocessing",
                      "val_handlers": "@handlers", "amp": True},
        "initialize": ["$setattr(torch.backends.cudnn, 'benchmark', True)"],
        "run": ["$@evaluator.run()"],
    }  # fmt: skip
    weight = torch.zeros(3, 4, 1, 1, 1)
    weight[0, 0] = weight[1, 3] = weight[2, 2] = 10
    tensors = {"conv.weight": weight, "conv.bias": torch.full((3,), -10.0)}
    regions = {0: "Tumor core", 1: "Whole tumor", 2: "Enhancing tumor"}
    metadata = _metadata("MR", "magnitude", 3, regions, channels=4)
    return _write(folder, config, metadata, tensors, {})


def write_nodule_detection(folder: Path) -> Path:
    """The nodule detector: its RetinaNet runs, and what is dense in air is added as a sure box."""
    from monai.apps.detection.networks.retinanet_network import (
        RetinaNet,
        resnet_fpn_feature_extractor,
    )
    from monai.networks.nets.resnet import ResNet

    backbone = ("monai.networks.nets.resnet.ResNet(block='basic', layers=[1, 1, 1, 1], "
                "block_inplanes=[4, 8, 16, 32], spatial_dims=3, n_input_channels=1, "
                "conv1_t_stride=[2, 2, 1], conv1_t_size=[7, 7, 7])")  # fmt: skip
    config = {
        "whether_raw_luna16": False,
        "whether_resampled_luna16": "$(not @whether_raw_luna16)",
        "imports": ["$import glob", "$import os"],
        "bundle_root": ".",
        "output_dir": "$@bundle_root + '/eval'",
        "data_list_file_path": "$@bundle_root + '/LUNA16_datasplit/dataset_fold0.json'",
        "dataset_dir": "/nowhere",
        "test_datalist": "$monai.data.load_decathlon_datalist(@data_list_file_path, "
                         "is_segmentation=True, data_list_key='validation', "
                         "base_dir=@dataset_dir)",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "amp": True,
        "spatial_dims": 3,
        "num_classes": 1,
        "force_sliding_window": False,
        "size_divisible": [16, 16, 8],
        "infer_patch_size": [512, 512, 192],
        "anchor_generator": {
            "_target_": "monai.apps.detection.utils.anchor_utils.AnchorGeneratorWithAnchorShape",
            "feature_map_scales": [1, 2, 4],
            "base_anchor_shapes": [[6, 8, 4], [8, 6, 5], [10, 10, 6]],
        },
        "backbone": f"${backbone}",
        "feature_extractor": "$monai.apps.detection.networks.retinanet_network."
                             "resnet_fpn_feature_extractor(@backbone,3,False,[1,2],None)",
        "network_def": {"_target_": "RetinaNet", "spatial_dims": "@spatial_dims",
                        "num_classes": "@num_classes", "num_anchors": 3,
                        "feature_extractor": "@feature_extractor",
                        "size_divisible": "@size_divisible", "use_list_output": False},
        "network": "$@network_def.to(@device)",
        "detector": {"_target_": "RetinaNetDetector", "network": "@network",
                     "anchor_generator": "@anchor_generator", "debug": False,
                     "spatial_dims": "@spatial_dims", "num_classes": "@num_classes",
                     "size_divisible": "@size_divisible"},
        "detector_ops": [
            "$@detector.set_target_keys(box_key='box', label_key='label')",
            "$@detector.set_box_selector_parameters(score_thresh=0.02,"
            "topk_candidates_per_level=1000,nms_thresh=0.22,detections_per_img=300)",
            "$@detector.set_sliding_window_inferer(roi_size=@infer_patch_size,overlap=0.25,"
            "sw_batch_size=1,mode='constant',device='cpu')",
        ],
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image", "_disabled_": "@whether_raw_luna16"},
                {"_target_": "LoadImaged", "keys": "image", "reader": "itkreader",
                 "affine_lps_to_ras": True, "_disabled_": "@whether_resampled_luna16"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
                {"_target_": "Spacingd", "keys": "image", "pixdim": [0.703125, 0.703125, 1.25],
                 "_disabled_": "@whether_resampled_luna16"},
                {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -1024.0,
                 "a_max": 300.0, "b_min": 0.0, "b_max": 1.0, "clip": True},
                {"_target_": "EnsureTyped", "keys": "image"},
            ],
        },
        "dataset": {"_target_": "Dataset", "data": "$@test_datalist",
                    "transform": "@preprocessing"},
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1,
                       "shuffle": False, "num_workers": 4,
                       "collate_fn": "$monai.data.utils.no_collation"},
        "inferer": {"_target_": "scripts.detection_inferer.RetinaNetInferer",
                    "detector": "@detector", "force_sliding_window": "@force_sliding_window"},
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "ClipBoxToImaged", "box_keys": "box", "label_keys": "label",
                 "box_ref_image_keys": "image", "remove_empty": True},
                {"_target_": "AffineBoxToWorldCoordinated", "box_keys": "box",
                 "box_ref_image_keys": "image", "affine_lps_to_ras": True},
                {"_target_": "ConvertBoxModed", "box_keys": "box", "src_mode": "xyzxyz",
                 "dst_mode": "cccwhd"},
                {"_target_": "DeleteItemsd", "keys": ["image"]},
            ],
        },
        "handlers": [
            {"_target_": "CheckpointLoader", "load_path": "$@bundle_root + '/models/model.pt'",
             "load_dict": {"model": "@network"}},
            {"_target_": "StatsHandler", "iteration_log": False},
        ],
        "evaluator": {"_target_": "scripts.evaluator.DetectionEvaluator",
                      "_requires_": "@detector_ops", "device": "@device",
                      "val_data_loader": "@dataloader", "network": "@network",
                      "inferer": "@inferer", "val_handlers": "@handlers", "amp": "@amp"},
        "initialize": ["$setattr(torch.backends.cudnn, 'benchmark', True)"],
        "run": ["$@evaluator.run()"],
    }  # fmt: skip
    net = ResNet(
        block="basic", layers=[1, 1, 1, 1], block_inplanes=[4, 8, 16, 32], spatial_dims=3,
        n_input_channels=1, conv1_t_stride=[2, 2, 1], conv1_t_size=[7, 7, 7],
    )  # fmt: skip
    network = RetinaNet(
        spatial_dims=3, num_classes=1, num_anchors=3, size_divisible=[16, 16, 8],
        feature_extractor=resnet_fpn_feature_extractor(net, 3, False, [1, 2], None),
    )  # fmt: skip
    metadata = _metadata("CT", "magnitude", 1, {})
    metadata["network_data_format"]["outputs"]["pred"] = {
        "type": "object", "format": "dict", "dtype": "float16", "num_channels": 1,
        "spatial_shape": ["n", "n", "n"], "value_range": [-10000, 10000],
    }  # fmt: skip
    return _write(folder, config, metadata, network.state_dict(), DETECTION_SCRIPTS)


def _metadata(
    modality: str, form: str, outputs: int, classes: dict[int, str], *, channels: int = 1
) -> dict[str, Any]:
    image = {"type": "image", "spatial_shape": [32, 32, 32], "dtype": "float32"}
    given = {"format": form, "modality": modality, "num_channels": channels}
    found = {"format": "segmentation", "num_channels": outputs, "channel_def": classes}
    return {
        "version": "0.0.1",
        "name": "made by the tests",
        "task": "as in the model zoo",
        "network_data_format": {
            "inputs": {"image": image | given},
            "outputs": {"pred": image | found},
        },
    }


def _write(
    folder: Path,
    config: dict[str, Any],
    metadata: dict[str, Any],
    tensors: dict[str, Any],
    scripts: dict[str, str],
) -> Path:
    import torch

    for name in ("configs", "models", "scripts"):
        (folder / name).mkdir(parents=True)
    (folder / "configs" / "inference.json").write_text(json.dumps(config))
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    torch.save(tensors, folder / "models" / "model.pt")
    for name, text in scripts.items():
        (folder / "scripts" / name).write_text(text)
    return folder
