"""Windows of speech as points of a space in which each speaker is one Gaussian.

Input: blocks of samples and SpeechActivity. Output: SpeakerPoints with the variances of the speaker space. An
extractor turns samples into embeddings, and a two-covariance model projects embeddings to points.
``clustering``, ``parts``, ``pipeline`` and ``identity`` import it.
"""

from diarize.embedding.campplus import CampplusExtractor
from diarize.embedding.points import embed_windows

__all__ = ["CampplusExtractor", "embed_windows"]
