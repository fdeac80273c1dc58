"""All settings: one frozen dataclass per stage.

The metadata of a field hold its help, range and choices. Configuration files, their comments, the checks and
the command reference are all made from them. Presets and configuration files hold only differences from the
defaults.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from diarize.config.toml import to_toml
from diarize.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "AcousticConfig",
    "AudioConfig",
    "CepstraConfig",
    "ClusteringConfig",
    "Config",
    "FeatureConfig",
    "ResegmentationConfig",
    "SpaceConfig",
    "SpeechConfig",
    "choices_of",
    "setting_fields",
    "suggest",
]


def setting(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] | None = None,
    allowed: tuple[float, float] | None = None,
) -> Any:
    """A field with its help and its allowed values: one of ``choices``, or a number in ``allowed``."""
    about = (
        {"help": help} | ({"choices": choices} if choices else {}) | ({"allowed": allowed} if allowed else {})
    )
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """How a recording is read."""

    rate: int = setting(
        16000,
        "Hz that everything is resampled to; telephone recordings too (their empty upper band is recognised)",
        allowed=(8000, 192000),
    )
    channel: int = setting(0, "channel to use, counted from 1; 0 is the mean of all", allowed=(0, 255))
    track: int = setting(
        1,
        "audio track to use of a file with several, such as a film; counted from 1",
        allowed=(1, 255),
    )


@dataclass(frozen=True, slots=True)
class CepstraConfig:
    """Mel-frequency cepstra of the telephone band."""

    window: float = setting(0.025, "length of a frame, seconds", allowed=(0.005, 0.2))
    hop: float = setting(0.01, "seconds from frame to frame", allowed=(0.002, 0.1))
    n_mfcc: int = setting(20, "number of cepstral coefficients above c0 (c0 is the level)", allowed=(1, 40))
    lifter: float = setting(0.0, "cepstral liftering as librosa defines it; 0 is none", allowed=(0, 100))
    n_mels: int = setting(30, "number of mel filters", allowed=(8, 128))
    fmin: float = setting(100.0, "lower edge of the lowest mel filter, Hz", allowed=(0, 2000))
    fmax: float = setting(
        3700.0,
        "upper edge of the highest mel filter, Hz; telephone bands end here",
        allowed=(2500, 4000),
    )
    normalization: str = setting(
        "recording",
        "'recording': mean and variance over its speech; 'sliding': over a moving window; 'warping': "
        "to a normal distribution over a moving window; 'none'",
        choices=("recording", "sliding", "warping", "none"),
    )
    sliding_window: float = setting(3.0, "length of the moving window, seconds", allowed=(0.1, 600))


@dataclass(frozen=True, slots=True)
class FeatureConfig(CepstraConfig):
    """The band, and the cepstra of the textbook space; elsewhere the background model defines the cepstra."""

    deltas: int = setting(0, "orders of time derivatives appended", allowed=(0, 2))
    band: str = setting(
        "auto",
        "in every space: 'auto' measures whether there is sound above 4 kHz; 'wide' or 'narrow' "
        "(telephone) sets the band",
        choices=("auto", "wide", "narrow"),
    )

    @property
    def textbook(self) -> AcousticConfig:
        """Settings of the cepstra in the textbook space."""
        return AcousticConfig(**{each.name: getattr(self, each.name) for each in fields(CepstraConfig)})


@dataclass(frozen=True, slots=True)
class AcousticConfig(CepstraConfig):
    """Settings of the cepstra that a background model was trained with, stored in its file.

    The defaults are those of the included models.
    """

    n_voice: int = setting(13, "number of the lowest coefficients, which describe voices", allowed=(1, 40))
    upper_mels: int = setting(13, "mel filters from fmax to upper_fmax, if wide-band", allowed=(2, 64))
    upper_fmax: float = setting(
        7600.0, "upper edge of the highest of these filters, Hz", allowed=(5000, 96000)
    )
    n_upper: int = setting(4, "cepstral coefficients of these that describe voices", allowed=(0, 20))
    noise_floor: float = setting(
        0.1,
        "smallest share of a frame's power in a filter that remains when the noise of pauses is subtracted",
        allowed=(0.001, 1),
    )

    def check(self) -> None:
        """Check types and ranges of all values, which a damaged model may hold.

        Raises
        ------
        ConfigError
            For the first value of the wrong type or out of range.

        """
        for name, each in setting_fields(self).items():
            value = getattr(self, name)
            if type(value) is not type(each.default) and not (
                isinstance(each.default, float) and type(value) is int
            ):
                raise ConfigError(f"{name} = {value!r}; it must be like {each.default!r}")
            _check(name, value, each.metadata)

    def voice_width(self, band: str) -> int:
        """Number of voice features per frame for a band, "wide" or "narrow"."""
        return self.n_voice + (1 + self.n_upper if band == "wide" else 0)


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """Speech activity detection."""

    method: str = setting(
        "network",
        "'network': the included segmentation network, which also detects overlap; 'hmm': the included "
        "two-class mixture; 'energy': a threshold on loudness; 'silero': extra package",
        choices=("network", "hmm", "energy", "silero"),
    )
    segmentation: str = setting(
        "",
        "ONNX file or name of another segmentation network for 'network' (extra onnx); '' is the "
        "included one",
    )
    segmentation_sha256: str = setting(
        "",
        "SHA-256 that the file of segmentation must have ('': any); results contain it",
    )
    bias: float = setting(
        0.0,
        "log odds added to speech by 'network' and 'hmm': positive detects more, negative less",
        allowed=(-100, 100),
    )
    min_speech: float = setting(
        0.2,
        "shortest interval of speech, seconds",
        allowed=(0.01, 10),
    )
    min_pause: float = setting(0.1, "shortest pause, seconds", allowed=(0.01, 10))
    padding: float = setting(0.0, "seconds added at both ends of every interval of speech", allowed=(0, 1))


@dataclass(frozen=True, slots=True)
class SpaceConfig:
    """The speaker space."""

    kind: str = setting(
        "embedding",
        "'embedding': windows as points of a speaker embedding; 'mfcc': single frames (for "
        "teaching: finds phones)",
        choices=("embedding", "mfcc"),
    )
    embedding: str = setting(
        "",
        "ONNX file or name of another speaker embedding (extra onnx); '' is the included one",
    )
    embedding_sha256: str = setting(
        "", "SHA-256 that the file of embedding must have ('': any); results contain it"
    )
    background: str = setting(
        "",
        "file of a background model; '' is the included one for the measured bandwidth",
    )
    window: float = setting(
        1.5,
        "seconds of speech in one window of an embedding",
        allowed=(0.25, 10),
    )
    step: float = setting(0.5, "seconds from one window to the next", allowed=(0.05, 10))
    max_pause: float = setting(0.3, "a pause longer than this ends a window, seconds", allowed=(0, 10))


@dataclass(frozen=True, slots=True)
class ClusteringConfig:
    """The number of speakers, and the speaker of each window."""

    min_speakers: int = setting(1, "fewest speakers", allowed=(1, 100))
    max_speakers: int = setting(
        20, "most speakers; the same number as min_speakers fixes it", allowed=(1, 100)
    )
    whole_curve: bool = setting(
        False, "try every number up to max_speakers for the curve, as select does; the choice is the same"
    )
    criterion: str = setting(
        "bic",
        "'bic', or 'evidence' (variational bound on the marginal likelihood)",
        choices=("bic", "evidence"),
    )
    n_starts: int = setting(2, "random starts of the search", allowed=(1, 100))
    covariance: str = setting(
        "tied_spherical",
        "covariance of each speaker's Gaussian under 'bic'; 'tied_spherical': one variance for all",
        choices=("tied_spherical", "spherical", "diag", "tied", "full"),
    )
    equivalent: float = setting(
        10.0,
        "numbers whose criterion is within this many nats of the best are reported as nearly as good",
        allowed=(0, 1000000.0),
    )


@dataclass(frozen=True, slots=True)
class ResegmentationConfig:
    """From windows to frames, from frames to turns."""

    rounds: int = setting(1, "rounds of adapting speaker models and assigning frames", allowed=(0, 50))
    relevance: float = setting(
        16.0,
        "relevance factor of the adaptation (Reynolds et al. 2000); 0 uses the frames alone",
        allowed=(0, 1000000.0),
    )
    likelihood_scale: float = setting(
        0.2,
        "frames are not independent: their log-likelihoods are scaled by this",
        allowed=(0.001, 1),
    )
    stay: float = setting(
        0.98,
        "probability that the speaker is the same 0.05 s later",
        allowed=(0, 0.9999999),
    )
    min_turn: float = setting(0.3, "shortest turn, seconds", allowed=(0, 60))
    overlap: float = setting(
        0.5,
        "a second speaker is labelled where the probability of two voices is at least this; 0: one at a time",
        allowed=(0, 1),
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one run."""

    audio: AudioConfig = field(default_factory=AudioConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    clustering: ClusteringConfig = field(default_factory=ClusteringConfig)
    resegmentation: ResegmentationConfig = field(default_factory=ResegmentationConfig)
    seed: int = setting(0, "seed of all random numbers", allowed=(0, 2**63 - 1))

    def __post_init__(self) -> None:
        for name, each in setting_fields(self).items():
            _check(name, _value(self, name), each.metadata)
        _check_counts(self.clustering)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change when any setting changes."""
        return hashlib.sha256(to_toml(self).encode()).hexdigest()[:16]


def setting_fields(config: Any) -> dict[str, Field[Any]]:
    """Every setting of a configuration.

    Parameters
    ----------
    config : a Config, or one of its parts

    Returns
    -------
    Fields of the dataclasses by dotted name, such as ``speech.bias``.

    """
    found: dict[str, Field[Any]] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            found |= {f"{each.name}.{name}": one for name, one in setting_fields(value).items()}
        else:
            found[each.name] = each
    return found


def choices_of(name: str) -> tuple[str, ...]:
    """The choices of a setting.

    Parameters
    ----------
    name : dotted name, such as ``speech.method``

    Returns
    -------
    Its allowed values; none for numbers and free text.

    """
    found: tuple[str, ...] = setting_fields(Config())[name].metadata.get("choices", ())
    return found


def _value(config: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        config = getattr(config, part)
    return config


def _check(name: str, value: Any, about: Mapping[str, Any]) -> None:
    """Raises ConfigError for a value that the metadata of its field does not allow."""
    choices, allowed = about.get("choices"), about.get("allowed")
    if choices and value not in choices:
        raise ConfigError(f"{name} = {value!r}; allowed: {', '.join(choices)}{suggest(str(value), choices)}")
    if allowed and not allowed[0] <= value <= allowed[1]:
        raise ConfigError(f"{name} = {value}; allowed: {allowed[0]:g} to {allowed[1]:g}")


def _check_counts(clustering: ClusteringConfig) -> None:
    low, high = clustering.min_speakers, clustering.max_speakers
    if low > high:
        raise ConfigError(
            f"at least {low} and at most {high} speakers contradict each other; "
            "min_speakers must not exceed max_speakers"
        )


def suggest(word: str, known: Sequence[str]) -> str:
    """The end of an error message with the nearest known word, or an empty string."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
