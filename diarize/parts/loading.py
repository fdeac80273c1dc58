"""Loads a part (a speaker embedding or segmentation network) from a name or an ONNX file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import PartError
from diarize.parts.cache import locate_part
from diarize.parts.catalogue import CATALOGUE, named_by_checksum
from diarize.parts.extractor import OnnxEmbedding
from diarize.parts.onnx_file import OnnxFile, read_onnx
from diarize.parts.recognition import EmbeddingFormat, SegmentationFormat, recognize_format
from diarize.parts.segmenter import OnnxSegmenter
from diarize.parts.session import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["load_embedding", "load_part", "load_segmenter"]

TRIAL = 1.5  # seconds of noise to test an embedding


def load_embedding(name_or_path: str | Path, cache: str | Path | None = None) -> OnnxEmbedding:
    """Load a speaker embedding from an ONNX file.

    Parameters
    ----------
    name_or_path : the file, or a name in the cache
    cache : folder of the cache; that of the platform unless given

    Returns
    -------
    The embedding, tested on noise.

    Raises
    ------
    PartError
        Without onnxruntime, and for a file that is damaged or of another kind.

    """
    part = load_part(name_or_path, cache)
    if not isinstance(part, OnnxEmbedding):
        raise PartError(f"{name_or_path}: a segmentation network; give it to --segmentation")
    return part


def load_segmenter(name_or_path: str | Path) -> OnnxSegmenter:
    """Load a segmentation network from an ONNX file.

    Parameters
    ----------
    name_or_path : the file, or a name in the cache

    Returns
    -------
    The network, tested on noise.

    Raises
    ------
    PartError
        As ``load_embedding`` does.

    """
    part = load_part(name_or_path)
    if not isinstance(part, OnnxSegmenter):
        raise PartError(f"{name_or_path}: a speaker embedding; give it to --embedding")
    return part


def load_part(name_or_path: str | Path, cache: str | Path | None = None) -> OnnxEmbedding | OnnxSegmenter:
    """Load an embedding or a segmentation network from an ONNX file.

    Parameters
    ----------
    name_or_path, cache : as for ``load_embedding``

    Returns
    -------
    What the file contains, tested on noise.

    Raises
    ------
    PartError
        As ``load_embedding`` does.

    """
    file = read_onnx(locate_part(name_or_path, cache))
    _check_name(str(name_or_path), file)
    session = open_session(file)
    found = recognize_format(session.signature, str(file.path))
    name = named_by_checksum(file.checksum) or file.path.stem
    if isinstance(found, SegmentationFormat):
        segmenter = OnnxSegmenter(name, found, session)
        segmenter.segment([_noise(found.window)])
        return segmenter
    embedding = OnnxEmbedding(name, _dimension(found, session), found, session)
    samples = _noise(round(TRIAL * found.rate))
    embedding.embed([samples], np.array([[0, len(samples)]]))
    return embedding


def _check_name(name: str, file: OnnxFile) -> None:
    """Raises PartError if a file under a name of the catalogue does not have the listed checksum."""
    entry = CATALOGUE.get(name)
    if entry and file.checksum != entry.checksum:
        raise PartError(
            f"{file.path}: not {name} as it is known (SHA-256 {file.checksum[:12]}…, "
            f"{entry.checksum[:12]}… is "
            f"expected); fetch it again with 'diarize parts get {name} --overwrite'"
        )


def _dimension(found: EmbeddingFormat, session: Any) -> int:
    """Size of the vectors: from the file or, if not stated there, from a test run."""
    port = next(port for port in session.signature.outputs if port.name == found.output)
    if port.shape[1] is not None:
        return int(port.shape[1])
    samples = _noise(max(found.least, round(TRIAL * found.rate)))
    return int(OnnxEmbedding("", 0, found, session).vectors(samples[None]).shape[1])


def _noise(n: int) -> Array:
    """Quiet noise, the same in every call, float32 (n,)."""
    return 0.01 * np.random.default_rng(0).standard_normal(n).astype(np.float32)
