"""Reading and writing sound: any usual container, rate and number of channels becomes one channel at one
rate.

Input: a path. Output: samples in blocks of bounded memory, with notes about unusual files. ``parts``,
``pipeline``, ``training``, ``identity``, ``report``, ``batch`` and the commands import it.

    recording = open_recording("meeting.m4a")          # the header only
    for block in recording.blocks(): …                  # Waveforms
    waveform = read("meeting.m4a", start=60, end=120)    # one piece

The id of a recording is its file name without folder and extension. Channels count from 1, as in RTTM and
sox.
"""

from diarize.audio.clips import write_clips
from diarize.audio.folders import AUDIO_SUFFIXES, find_voices
from diarize.audio.mp3_encoding import encode_mp3
from diarize.audio.opening import guess_kind
from diarize.audio.recording import Recording, open_recording, read
from diarize.audio.writing import write, write_wav

__all__ = [
    "AUDIO_SUFFIXES",
    "Recording",
    "encode_mp3",
    "find_voices",
    "guess_kind",
    "open_recording",
    "read",
    "write",
    "write_clips",
    "write_wav",
]
