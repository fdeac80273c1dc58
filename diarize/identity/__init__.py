"""Speaker identification: voices enrolled by name, recognised in recordings, and linked across files.

Input: results with voice statistics, or turns and a recording. Output: Voices, names and labels. ``batch``
and the commands import it.

    anna = enroll_voice("Anna", ["interview.flac"], Config())
    save(anna, "voices")
    result = diarize("meeting.flac")
    name_speakers(result, "meeting.flac", load_folder("voices")).matches

A voice has its mean point in the speaker space, one row for each recording. Two voices are compared by
the log odds that they are one; a speaker under the threshold stays unknown.
"""

from diarize.identity.enrollment import enroll_voice, measure_voices
from diarize.identity.identification import THRESHOLD, KnownVoices, match_voices, name_speakers
from diarize.identity.linking import LinkedVoice, RecordingVoices, link_voices
from diarize.identity.store import load, load_folder, save, voice_path
from diarize.identity.voice import Voice, VoiceEmbeddings, log_odds

__all__ = [
    "THRESHOLD",
    "KnownVoices",
    "LinkedVoice",
    "RecordingVoices",
    "Voice",
    "VoiceEmbeddings",
    "enroll_voice",
    "link_voices",
    "load",
    "load_folder",
    "log_odds",
    "match_voices",
    "measure_voices",
    "name_speakers",
    "save",
    "voice_path",
]
