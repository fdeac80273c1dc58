"""Windows of speech as points where one Gaussian a speaker is true.

In come blocks of samples and SpeechActivity; out go SpeakerPoints with a model of what such points do. An
extractor turns samples into embeddings, a two-covariance model turns embeddings into points.
"""

from diarize.embedding.campplus import CampplusExtractor
from diarize.embedding.points import embed_windows, speech_windows

__all__ = ["CampplusExtractor", "embed_windows", "speech_windows"]
