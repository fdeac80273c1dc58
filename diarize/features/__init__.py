"""From samples to normalised cepstra."""

from diarize.features.bandwidth import band_of, measured_band
from diarize.features.deltas import slopes, with_deltas
from diarize.features.fbank import FilterBank, fbank, fbank_of, filter_bank
from diarize.features.level import audible, loud_frames, loud_outside, quiet, usual_gain
from diarize.features.mfcc import cepstra, frame_grid
from diarize.features.noise import denoised
from diarize.features.normalize import cmvn, normalized, sliding_cmvn, warped
from diarize.features.voice import voice_cepstra, voice_features

__all__ = [
    "FilterBank",
    "audible",
    "band_of",
    "cepstra",
    "cmvn",
    "denoised",
    "fbank",
    "fbank_of",
    "filter_bank",
    "frame_grid",
    "loud_frames",
    "loud_outside",
    "measured_band",
    "normalized",
    "quiet",
    "sliding_cmvn",
    "slopes",
    "usual_gain",
    "voice_cepstra",
    "voice_features",
    "warped",
    "with_deltas",
]
