"""Recognise the kind of an ONNX file by its inputs, outputs and metadata.

Embeddings take features (batch, frames, bands), NeMo's (batch, bands, frames) with their lengths, ReDimNet2
(1, 1, 72, frames), or a waveform, and give (batch, dimensions). How the features are computed is not in the
file, so it follows from who made it: ``framework`` in sherpa-onnx's metadata, or else the names that the
exports of WeSpeaker, 3D-Speaker and NeMo give their inputs. Segmentation networks take a waveform and give
(batch, frames, classes of the powerset).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb
from typing import TYPE_CHECKING, Any, Final

from diarize.errors import PartError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.parts.session import Port, Signature

__all__ = ["EmbeddingFormat", "SegmentationFormat", "recognize_format"]

RATE: Final = 16_000
RATES: Final = (8_000, 16_000)
INT16: Final = 32768.0
LONGEST: Final = 30.0
"""Seconds that an embedding is given at most; its memory grows with them."""
SHORTEST: Final = 0.3
"""Seconds under which convolutions run out of frames; shorter windows are repeated to this."""
REDIMNET_SHORTEST: Final = 0.965
"""96 frames, for which ReDimNet2 was made at least."""
BANDS: Final = range(20, 129)

KALDI: Final = {"window": "povey"}
WESPEAKER: Final = {"window": "hamming"}
REDIMNET: Final = {
    "window": "hamming",
    "high": 7600.0,
    "preemphasis": 0.0,
    "remove_dc": False,
    "mel": "tensorflow",
    "floor": 1e-8,
}


@dataclass(frozen=True, slots=True)
class EmbeddingFormat:
    """Input format of an embedding.

    ``layout``: letters of the input's axes, B batch, T frames, F bands, S samples, 1; ``lengths``: name of
    the input for numbers of frames, if any. ``n_mels`` 0 means samples. ``bank``: options of
    `features.filter_bank`; ``normalize``: normalisation of each band over a window, "mean", "deviation"
    (mean, then divided by the standard deviation) or "". ``batch``: the only possible size, if any; ``least``
    and ``most`` samples of one piece; ``multiple``: the number of frames must be a multiple of it.
    """

    framework: str
    rate: int
    input: str
    output: str
    layout: str
    n_mels: int = 0
    lengths: str | None = None
    bank: Mapping[str, Any] = field(default_factory=dict)
    normalize: str = "mean"
    batch: int | None = None
    least: int = 0
    most: int = 0
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class SegmentationFormat:
    """Input format of a segmentation network: windows of ``window`` samples, classes of up to ``at_once`` of
    ``n_local`` speakers; frame i sees ``field`` samples from ``shift`` i on.
    """

    framework: str
    rate: int
    input: str
    output: str
    layout: str
    batch: int | None
    window: int
    n_local: int
    at_once: int
    field: int
    shift: int

    @property
    def n_classes(self) -> int:
        """Number of classes: no speaker, each speaker, each pair … of the local speakers."""
        return sum(comb(self.n_local, k) for k in range(self.at_once + 1))

    @property
    def n_frames(self) -> int:
        """Frames of a window."""
        return (self.window - self.field) // self.shift + 1


def recognize_format(signature: Signature, source: str) -> EmbeddingFormat | SegmentationFormat:
    """The format of a file called ``source``. Raises PartError for another kind of file."""
    floats = [port for port in signature.inputs if port.kind == "tensor(float)"]
    if len(floats) == 1 and len(signature.inputs) <= 2:
        port = floats[0]
        if _is_segmentation(signature, port):
            return _segmentation(signature, port, source)
        found = _embedding(signature, port, source)
        if found is not None:
            return found
    if any(port.kind == "tensor(float16)" for port in signature.inputs):
        raise PartError(f"{source}: {signature}; half precision is for GPUs, get the float32 export")
    raise PartError(
        f"{source}: {signature}; known are speaker embeddings of features (batch, frames, 80) or a "
        "waveform, and pyannote's segmentation-3.0; choose such a file"
    )


def _is_segmentation(signature: Signature, port: Port) -> bool:
    """Whether samples come in and classes of frames come out."""
    classes = [each for each in signature.outputs if len(each.shape) == 3]
    return len(signature.inputs) == 1 and bool(classes) and _layout(port)[0] in ("BS", "B1S")


def _layout(port: Port) -> tuple[str, int]:
    """Axes of an input, and its bands (0: samples)."""
    shape = port.shape
    if len(shape) == 2:
        return "BS", 0
    if len(shape) == 4 and shape[1] == 1 and shape[2] in BANDS:
        return "B1FT", shape[2] or 0
    if len(shape) == 3 and shape[1] == 1 and shape[2] not in BANDS:
        return "B1S", 0
    if len(shape) == 3 and shape[2] in BANDS:
        return "BTF", shape[2] or 0
    if len(shape) == 3 and shape[1] in BANDS:
        return "BFT", shape[1] or 0
    return ("BTF", 80) if len(shape) == 3 and shape[2] is None else ("", 0)


def _embedding(signature: Signature, port: Port, source: str) -> EmbeddingFormat | None:
    layout, n_mels = _layout(port)
    output = _vector(signature)
    if not layout or output is None:
        return None
    metadata = signature.metadata
    rate = _rate(metadata, source)
    lengths = next(
        (each.name for each in signature.inputs if each.kind in ("tensor(int64)", "tensor(int32)")), None
    )
    if len(signature.inputs) == 2 and lengths is None:
        return None
    framework = _framework(metadata, port, layout, lengths)
    least, most = _extent(port, layout, framework, rate)
    return EmbeddingFormat(
        framework=framework,
        rate=rate,
        input=port.name,
        output=output,
        layout=layout,
        n_mels=n_mels,
        lengths=lengths,
        batch=port.shape[0],
        least=least,
        most=most,
        **_features(framework, metadata, n_mels, source),
    )


def _vector(signature: Signature) -> str | None:
    """Name of the output that is the embedding: NeMo's stands behind the scores of its training speakers."""
    flat = [each for each in signature.outputs if len(each.shape) == 2]
    named = [each for each in flat if each.name.lower().startswith("emb")]
    chosen = (named or flat[-1:])[:1]
    return chosen[0].name if chosen else None


def _rate(metadata: Mapping[str, str], source: str) -> int:
    rate = _number(metadata, "sample_rate", RATE, source)
    if rate not in RATES:
        raise PartError(
            f"{source}: wants {rate} Hz by its metadata; known are embeddings of 8000 and 16000 Hz"
        )
    return rate


def _framework(metadata: Mapping[str, str], port: Port, layout: str, lengths: str | None) -> str:
    said = metadata.get("framework", "").lower()
    if said in ("nemo", "wespeaker", "3d-speaker"):
        return said
    if layout == "B1FT":
        return "redimnet2"
    if layout in ("BS", "B1S"):
        return "waveform"
    if lengths is not None:
        return "nemo"
    return "wespeaker" if port.name == "feats" else "3d-speaker"


def _features(framework: str, metadata: Mapping[str, str], n_mels: int, source: str) -> dict[str, Any]:
    """Features of a framework; the metadata say whether samples are scaled to 16-bit numbers."""
    if framework == "redimnet2":
        return {"bank": REDIMNET, "multiple": 4}
    if framework == "waveform" or not n_mels:
        return {"normalize": ""}
    plain = metadata.get("feature_normalize_type", "mean").lower() in ("", "none", "na")
    if framework == "nemo":
        bank: dict[str, Any] = {
            "window": metadata.get("window_type", "hann") or "hann",
            "frame_length": _number(metadata, "window_size_ms", 25, source) / 1000,
            "frame_shift": _number(metadata, "window_stride_ms", 10, source) / 1000,
        }
        bank |= {"low": 0.0, "remove_dc": False, "mel": "slaney"}
        return {"bank": bank, "normalize": "" if plain else "deviation"}
    scaled = metadata.get("normalize_samples", "0" if framework == "wespeaker" else "1") == "0"
    kind = WESPEAKER if framework == "wespeaker" else KALDI
    return {"bank": {**kind, "scale": INT16 if scaled else 1.0}, "normalize": "" if plain else "mean"}


def _extent(port: Port, layout: str, framework: str, rate: int) -> tuple[int, int]:
    """Least and most samples of a piece: fixed where the file says so."""
    fixed = port.shape[layout.index("S" if "S" in layout else "T")]
    if fixed is None:
        shortest = REDIMNET_SHORTEST if framework == "redimnet2" else SHORTEST
        return round(shortest * rate), round(LONGEST * rate)
    if "S" in layout:
        return fixed, fixed
    hop, length = round(0.010 * rate), round(0.025 * rate)
    whole = hop * 3 // 2 if framework == "redimnet2" else length  # ReDimNet2 adds zeros on both sides
    samples = (fixed - 1) * hop + whole
    return samples, samples


def _segmentation(signature: Signature, port: Port, source: str) -> SegmentationFormat:
    metadata = signature.metadata
    output = next(each for each in signature.outputs if len(each.shape) == 3)
    fixed = port.shape[-1]
    found = SegmentationFormat(
        framework=metadata.get("model_type", "pyannote-segmentation-3.0"),
        rate=_number(metadata, "sample_rate", RATE, source),
        input=port.name,
        output=output.name,
        layout=_layout(port)[0],
        batch=port.shape[0],
        window=fixed or _number(metadata, "window_size", 10 * RATE, source),
        n_local=_number(metadata, "num_speakers", 3, source),
        at_once=_number(metadata, "powerset_max_classes", 2, source),
        field=_number(metadata, "receptive_field_size", 991, source),
        shift=_number(metadata, "receptive_field_shift", 270, source),
    )
    classes = _number(metadata, "num_classes", output.shape[2] or found.n_classes, source)
    if classes != found.n_classes or found.window < found.field:
        raise PartError(
            f"{source}: {signature}; a segmentation of {classes} classes is not known, "
            "segmentation-3.0 has 7 (nobody, three speakers, two of them at once)"
        )
    return found


def _number(metadata: Mapping[str, str], key: str, default: int, source: str) -> int:
    """A whole number over 0 of the metadata."""
    text = metadata.get(key, str(default))
    if not text.strip().isdecimal() or not 0 < int(text) < 10**7:
        raise PartError(
            f"{source}: its metadata say {key} = {text[:40]!r}, a whole number is needed; get it again"
        )
    return int(text)
