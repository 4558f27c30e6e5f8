"""Every shape annotation of the training package is checked whenever its tests run."""

from jaxtyping import install_import_hook

install_import_hook("ocrgan_training", "beartype.beartype")
