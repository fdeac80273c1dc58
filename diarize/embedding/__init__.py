"""Windows of speech as points of a space in which each speaker is one Gaussian.

In come blocks of samples and SpeechActivity; out go SpeakerPoints with a model of what such points do. An
extractor turns samples into embeddings, a two-covariance model turns embeddings into points.
``clustering``, ``parts``, ``pipeline`` and ``identity`` import it.
"""

from diarize.embedding.campplus import CampplusExtractor
from diarize.embedding.points import embed_windows, speech_windows

__all__ = ["CampplusExtractor", "embed_windows", "speech_windows"]
