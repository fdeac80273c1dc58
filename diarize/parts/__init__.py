"""Parts that others have made: speaker embeddings and segmentation networks in ONNX files.

    embedding = load_embedding("campplus")              # a name that 'diarize parts get' fetched, or a file
    vectors = embedding.embed(blocks, bounds)           # float32 (windows, dimensions)
    model = calibration_of(embedding)                   # what such vectors do: a two-covariance model

Nothing here touches a network but ``download``, and that only when asked.
"""

from diarize.parts.calibration import calibration_of
from diarize.parts.loading import load_embedding, load_part, load_segmenter
from diarize.parts.pinning import pin_checksums

__all__ = [
    "calibration_of",
    "load_embedding",
    "load_part",
    "load_segmenter",
    "pin_checksums",
]
