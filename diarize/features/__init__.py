"""From samples to normalised cepstra.

Input: blocks of samples and acoustic settings. Output: Features: cepstra of frames, level and noise,
bandwidth, and normalised voice features. ``speech``, ``embedding``, ``parts``, ``resegmentation``,
``pipeline`` and ``training`` import it.
"""

from diarize.features.bandwidth import choose_band
from diarize.features.deltas import append_deltas, compute_deltas
from diarize.features.fbank import FilterBank, fbank_of, filter_bank
from diarize.features.level import audible_frames, level_gain, loud_frames, loud_outside
from diarize.features.mfcc import compute_cepstra
from diarize.features.normalize import cmvn, normalize_features
from diarize.features.voice import compute_voice_features, select_voice_cepstra

__all__ = [
    "FilterBank",
    "append_deltas",
    "audible_frames",
    "choose_band",
    "cmvn",
    "compute_cepstra",
    "compute_deltas",
    "compute_voice_features",
    "fbank_of",
    "filter_bank",
    "level_gain",
    "loud_frames",
    "loud_outside",
    "normalize_features",
    "select_voice_cepstra",
]
