"""How the chest-radiograph lung segmenter was trained: data, split, augmentation, training."""
