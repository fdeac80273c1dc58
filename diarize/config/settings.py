"""Every setting, written once: one frozen dataclass per stage, and TOML to change them.

The comment above a field says what it means; a preset or a configuration file holds only differences.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from diarize.config.toml import dumped
from diarize.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CHOICES",
    "RANGES",
    "AudioConfig",
    "ClusteringConfig",
    "Config",
    "FeatureConfig",
    "SmoothingConfig",
    "SpaceConfig",
    "SpeechConfig",
    "nearest",
]


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """How a recording is heard."""

    # Hz that everything is resampled to; telephone recordings too (their empty upper band is recognised)
    rate: int = 16000
    # channel to take, counted from 1; 0 is the mean of all
    channel: int = 0
    # audio track to take of a file with several, such as a film, counted from 1
    track: int = 1


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """Mel-frequency cepstra."""

    # seconds of sound behind one frame
    window: float = 0.025
    # seconds from frame to frame
    hop: float = 0.010
    # cepstral coefficients above c0 (c0 is the level)
    n_mfcc: int = 20
    # the coarsest of them that tell voices in the speaker space; finer ones follow pitch
    n_voice: int = 13
    # cepstral liftering as librosa defines it; 0 is none
    lifter: float = 0.0
    # "auto" measures whether there is sound above 4 kHz; "wide" and "narrow" (telephone) insist
    band: str = "auto"
    # mel filters and their span in Hz: what a telephone lets through
    n_mels: int = 30
    fmin: float = 100.0
    fmax: float = 3700.0
    # mel filters from there up to upper_fmax in wide-band recordings, as dense, and their coefficients above
    # c0 that tell voices
    upper_mels: int = 13
    upper_fmax: float = 7600.0
    n_upper: int = 4
    # share of a frame's power in a filter that stays at least when what is heard in pauses is taken off it;
    # 1 takes nothing off
    noise_floor: float = 0.1
    # orders of time derivatives appended (textbook space only: the speaker space gains nothing from them)
    deltas: int = 0
    # "recording": mean and variance over its speech; "sliding": over a moving window; "warping": to a normal
    # distribution over a moving window; "none"
    normalization: str = "recording"
    # seconds of that moving window
    sliding_window: float = 3.0

    def voice_width(self, band: str) -> int:
        """How many numbers tell voices in a frame of a band, "wide" or "narrow"."""
        return self.n_voice + (1 + self.n_upper if band == "wide" else 0)


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """Who cares: speech or not."""

    # "network": the shipped segmentation network, which hears overlap, too; "hmm": the shipped two-class
    # mixture; "energy": a threshold on loudness; "silero": extra package
    method: str = "network"
    # ONNX file or name of another segmentation network for "network" (extra onnx); "" is the one that ships
    segmentation: str = ""
    # SHA-256 that this file must have; results record it. "": whichever
    segmentation_sha256: str = ""
    # log-odds added to speech by "network" and "hmm": positive hears more, negative less
    bias: float = 0.0
    # shortest stretch of speech and shortest pause, seconds
    min_speech: float = 0.2
    min_pause: float = 0.1
    # seconds added at either end of every stretch of speech
    padding: float = 0.0


@dataclass(frozen=True, slots=True)
class SpaceConfig:
    """Where speakers are told apart."""

    # "embedding": windows as points of a speaker embedding; "mfcc": frames themselves (teaching mode: finds
    # phones)
    kind: str = "embedding"
    # ONNX file or name of another speaker embedding (extra onnx); "" is the one that ships
    embedding: str = ""
    # SHA-256 that this file must have; results record it. "": whichever
    embedding_sha256: str = ""
    # file of a background model; "" is the one that ships for the measured bandwidth
    background: str = ""
    # seconds of speech in one window of an embedding, and from one window to the next
    window: float = 1.5
    step: float = 0.5
    # a pause longer than this ends a window, seconds
    max_pause: float = 0.3


@dataclass(frozen=True, slots=True)
class ClusteringConfig:
    """How many speakers, and which window is whose."""

    # the same number twice fixes it
    min_speakers: int = 1
    max_speakers: int = 20
    # "bic", or "evidence" (variational bound on the marginal likelihood)
    criterion: str = "bic"
    # random starts of the search
    n_starts: int = 2
    # covariance of each speaker's Gaussian where the criterion is "bic"; "tied_spherical": one variance for
    # all speakers in all directions
    covariance: str = "tied_spherical"
    # counts whose criterion is within this many nats of the best are named as nearly as good
    equivalent: float = 10.0


@dataclass(frozen=True, slots=True)
class SmoothingConfig:
    """From windows to frames, from frames to turns."""

    # rounds of adapting speaker models and assigning frames
    rounds: int = 1
    # relevance factor of the adaptation (Reynolds et al. 2000); 0 trusts the frames alone
    relevance: float = 16.0
    # frames are not independent: their log-likelihoods are scaled by this
    likelihood_scale: float = 0.2
    # probability of the same speaker a tenth of a second later
    stay: float = 0.98
    # shortest turn, seconds
    min_turn: float = 0.3
    # a second speaker speaks too where the probability of two voices is at least this; 0: one at a time
    overlap: float = 0.5


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one run."""

    audio: AudioConfig = field(default_factory=AudioConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    clustering: ClusteringConfig = field(default_factory=ClusteringConfig)
    smoothing: SmoothingConfig = field(default_factory=SmoothingConfig)
    # seed of everything random
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            _check_choice(self, name, allowed)
        for name, (low, high) in RANGES.items():
            _check_range(self, name, low, high)
        _check_counts(self.clustering)

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that change when any setting does."""
        return hashlib.sha256(dumped(self).encode()).hexdigest()[:16]


CHOICES: Mapping[str, tuple[str, ...]] = {
    "features.band": ("auto", "wide", "narrow"),
    "features.normalization": ("recording", "sliding", "warping", "none"),
    "speech.method": ("network", "hmm", "energy", "silero"),
    "space.kind": ("embedding", "mfcc"),
    "clustering.criterion": ("evidence", "bic"),
    "clustering.covariance": ("full", "tied", "diag", "spherical", "tied_spherical"),
}

RANGES: Mapping[str, tuple[float, float]] = {
    "audio.rate": (8000, 192000),
    "audio.channel": (0, 255),
    "audio.track": (1, 255),
    "features.window": (0.005, 0.2),
    "features.hop": (0.002, 0.1),
    "features.n_mfcc": (1, 40),
    "features.n_voice": (1, 40),
    "features.lifter": (0, 100),
    "features.n_mels": (8, 128),
    "features.fmin": (0, 2000),
    "features.fmax": (2500, 4000),
    "features.upper_mels": (2, 64),
    "features.upper_fmax": (5000, 96000),
    "features.n_upper": (0, 20),
    "features.noise_floor": (0.001, 1),
    "features.deltas": (0, 2),
    "features.sliding_window": (0.1, 600),
    "speech.bias": (-100, 100),
    "speech.min_speech": (0.01, 10),
    "speech.min_pause": (0.01, 10),
    "speech.padding": (0, 1),
    "space.window": (0.25, 10),
    "space.step": (0.05, 10),
    "space.max_pause": (0, 10),
    "clustering.min_speakers": (1, 100),
    "clustering.max_speakers": (1, 100),
    "clustering.n_starts": (1, 100),
    "clustering.equivalent": (0, 1e6),
    "smoothing.rounds": (0, 50),
    "smoothing.relevance": (0, 1e6),
    "smoothing.likelihood_scale": (0.001, 1),
    "smoothing.stay": (0, 0.9999999),
    "smoothing.min_turn": (0, 60),
    "smoothing.overlap": (0, 1),
    "seed": (0, 2**63 - 1),
}


def _value(config: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        config = getattr(config, part)
    return config


def _check_choice(config: Config, name: str, allowed: tuple[str, ...]) -> None:
    value = _value(config, name)
    if value not in allowed:
        near = nearest(str(value), allowed)
        raise ConfigError(f"{name} = {value!r}; allowed: {', '.join(allowed)}{near}")


def _check_range(config: Config, name: str, low: float, high: float) -> None:
    value = _value(config, name)
    if not low <= value <= high:
        raise ConfigError(f"{name} = {value}; allowed: {low:g} to {high:g}")


def _check_counts(clustering: ClusteringConfig) -> None:
    low, high = clustering.min_speakers, clustering.max_speakers
    if low > high:
        raise ConfigError(
            f"at least {low} and at most {high} speakers contradict each other; "
            "min_speakers must not exceed max_speakers"
        )


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The end of a message that names what was probably meant, or nothing."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
