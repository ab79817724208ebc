"""The classes that bundles of the model zoo have, by their numbers."""

VISTA3D_CLASSES = (
    "background", "liver", "kidney", "spleen", "pancreas", "right kidney", "aorta",
    "inferior vena cava", "right adrenal gland", "left adrenal gland", "gallbladder", "esophagus",
    "stomach", "duodenum", "left kidney", "bladder", "prostate or uterus",
    "portal vein and splenic vein", "rectum", "small bowel", "lung", "bone", "brain", "lung tumor",
    "pancreatic tumor", "hepatic vessel", "hepatic tumor", "colon cancer primaries",
    "left lung upper lobe", "left lung lower lobe", "right lung upper lobe",
    "right lung middle lobe", "right lung lower lobe",
    *(f"vertebrae L{i}" for i in range(5, 0, -1)), *(f"vertebrae T{i}" for i in range(12, 0, -1)),
    *(f"vertebrae C{i}" for i in range(7, 0, -1)),
    "trachea", "left iliac artery", "right iliac artery", "left iliac vena", "right iliac vena",
    "colon", *(f"{side} rib {i}" for side in ("left", "right") for i in range(1, 13)),
    *(f"{side} {bone}" for bone in ("humerus", "scapula", "clavicula", "femur", "hip")
      for side in ("left", "right")),
    "sacrum",
    *(f"{side} gluteus {size}" for size in ("maximus", "medius", "minimus")
      for side in ("left", "right")),
    "left autochthon", "right autochthon", "left iliopsoas", "right iliopsoas",
    "left atrial appendage", "brachiocephalic trunk", "left brachiocephalic vein",
    "right brachiocephalic vein", "left common carotid artery", "right common carotid artery",
    "costal cartilages", "heart", "left kidney cyst", "right kidney cyst", "prostate",
    "pulmonary vein", "skull", "spinal cord", "sternum", "left subclavian artery",
    "right subclavian artery", "superior vena cava", "thyroid gland", "vertebrae S1", "bone lesion",
    "kidney mass", "liver tumor", "vertebrae L6", "airway",
)  # fmt: skip

WHOLE_BODY_CLASSES = (
    "background", "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach",
    "aorta", "inferior_vena_cava", "portal_vein_and_splenic_vein", "pancreas",
    "adrenal_gland_right", "adrenal_gland_left", "lung_upper_lobe_left", "lung_lower_lobe_left",
    "lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right",
    *(f"vertebrae_L{i}" for i in range(5, 0, -1)), *(f"vertebrae_T{i}" for i in range(12, 0, -1)),
    *(f"vertebrae_C{i}" for i in range(7, 0, -1)), "esophagus", "trachea", "heart_myocardium",
    "heart_atrium_left", "heart_ventricle_left", "heart_atrium_right", "heart_ventricle_right",
    "pulmonary_artery", "brain", "iliac_artery_left", "iliac_artery_right", "iliac_vena_left",
    "iliac_vena_right", "small_bowel", "duodenum", "colon",
    *(f"rib_{side}_{i}" for side in ("left", "right") for i in range(1, 13)),
    *(f"{bone}_{side}" for bone in ("humerus", "scapula", "clavicula", "femur", "hip")
      for side in ("left", "right")),
    "sacrum", "face",
    *(f"{muscle}_{side}" for muscle in ("gluteus_maximus", "gluteus_medius", "gluteus_minimus",
                                        "autochthon", "iliopsoas") for side in ("left", "right")),
    "urinary_bladder",
)  # fmt: skip
