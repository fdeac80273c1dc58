"""Settings of a simulated conversation."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from diarize.errors import ConfigError

__all__ = ["NOISES", "SynthConfig"]

NOISES = ("white", "pink", "babble")

_RANGES = {
    "duration": (0.1, 90_000.0),
    "rate": (8_000, 192_000),
    "share_concentration": (0.01, inf),
    "least_share": (0.0, 1.0),
    "turn_median": (0.1, 600.0),
    "turn_spread": (0.0, 3.0),
    "pause_mean": (0.0, 600.0),
    "overlap_probability": (0.0, 1.0),
    "overlap_mean": (0.01, 60.0),
    "gain_spread": (0.0, 40.0),
    "rt60": (0.0, 10.0),
    "direct_to_reverberant": (-40.0, 60.0),
    "distance_spread": (0.0, 20.0),
    "snr": (-40.0, inf),
    "low_cut": (0.0, 90_000.0),
    "high_cut": (100.0, inf),
    "level": (-90.0, 0.0),
}


@dataclass(frozen=True, slots=True)
class SynthConfig:
    """The plan of a conversation; every random choice is drawn from one seed."""

    # Seconds, kept to the sample.
    duration: float = 300.0
    # Sampling rate of the result in Hz; voices at other rates are resampled.
    rate: int = 16_000
    # Dirichlet concentration of the speakers' shares of the talk: large is equal, 1 is uniform.
    share_concentration: float = 3.0
    # Least intended share of a speaker, as a fraction of an equal share.
    least_share: float = 0.3
    # Turn lengths are log-normal: median in seconds, and the standard deviation of the natural logarithm.
    turn_median: float = 2.5
    turn_spread: float = 0.8
    # Mean of the exponential pause between turns, seconds.
    pause_mean: float = 0.5
    # Probability that a turn starts in overlap, and the mean (exponential) of the overlap, s.
    overlap_probability: float = 0.15
    overlap_mean: float = 0.8
    # Whether phrases are repeated when all have been used. If not, a speaker without phrases is silent, and
    # the talk ends when all are: for training and testing, where repeated sounds would mislead.
    repeat: bool = True
    # Standard deviation of the speakers' levels, dB.
    gain_spread: float = 3.0
    # Reverberation time of the room in seconds, 0 for none; measured impulse responses replace it.
    rt60: float = 0.0
    # Direct-to-reverberant ratio in dB and its standard deviation over the speakers' places in the room.
    direct_to_reverberant: float = 6.0
    distance_spread: float = 2.0
    # "white", "pink" or "babble" (the average spectrum of the voices, with the slow beat of syllables).
    noise: str = "pink"
    # Speech over noise in dB; inf for no noise.
    snr: float = 30.0
    # Band of the channel in Hz; 0 and inf leave it open, 300 and 3400 make a telephone.
    low_cut: float = 0.0
    high_cut: float = inf
    # Eight-bit µ-law companding, as digital telephony does.
    mu_law: bool = False
    # Level of an average speaker's speech, dB below full scale (RMS); samples over full scale are clipped.
    level: float = -26.0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"synth {name} = {value}; allowed is {low:g} to {high:g}")
        if self.noise not in NOISES:
            raise ConfigError(f"synth noise = {self.noise!r}; allowed is {', '.join(NOISES)}")
        if self.low_cut >= min(self.high_cut, self.rate / 2):
            raise ConfigError(
                f"synth low_cut = {self.low_cut:g} Hz; it must be under high_cut and half of {self.rate} Hz"
            )

    @property
    def n_samples(self) -> int:
        """Length of the result."""
        return round(self.duration * self.rate)
