"""Third-party speaker embeddings and segmentation networks in ONNX files.

Input: a file, or a name that ``diarize parts get`` has fetched. Output: an EmbeddingExtractor or a Segmenter,
and the two-covariance model of an embedding. ``pipeline`` and the commands import it.

    embedding = load_embedding("campplus")
    vectors = embedding.embed(blocks, bounds)           # float32 (windows, dimensions)
    model = calibration_of(embedding)

Only ``download`` opens a connection, and only on request.
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
