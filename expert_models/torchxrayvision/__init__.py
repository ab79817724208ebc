"""The classifiers and the anatomy segmenter of the package torchxrayvision (Cohen et al., 2022)."""
