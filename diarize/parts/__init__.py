"""Parts that others have made: speaker embeddings and segmentation networks in ONNX files.

In comes a file, or a name that ``diarize parts get`` fetched; out goes an EmbeddingExtractor or a
Segmenter, and the two-covariance model of an embedding. ``pipeline`` and the commands import it.

    embedding = load_embedding("campplus")
    vectors = embedding.embed(blocks, bounds)           # float32 (windows, dimensions)
    model = calibration_of(embedding)

Nothing here opens a connection but ``download``, and that only when asked.
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
