"""Pinning: store the checksums of parts in the settings that name them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diarize.errors import PartError
from diarize.parts.cache import locate_part
from diarize.parts.download import checksum_of

if TYPE_CHECKING:
    from diarize.config import Config

__all__ = ["pin_checksums"]


def pin_checksums(config: Config) -> Config:
    """Add to settings the SHA-256 of every part that they use.

    Included networks belong to the package version and have none.

    Parameters
    ----------
    config : the settings

    Returns
    -------
    The settings with checksums.

    Raises
    ------
    PartError
        For a part that does not exist, or that has another checksum than the settings have, as those of an
        earlier result do.

    """
    space, speech = config.space, config.speech
    if space.kind == "embedding" and space.embedding:
        found = _check_checksum("space.embedding", space.embedding, space.embedding_sha256)
        config = replace(config, space=replace(space, embedding_sha256=found))
    if speech.method == "network" and speech.segmentation:
        found = _check_checksum("speech.segmentation", speech.segmentation, speech.segmentation_sha256)
        config = replace(config, speech=replace(speech, segmentation_sha256=found))
    return config


def _check_checksum(setting: str, name: str, wanted: str) -> str:
    """The checksum of a part, compared with the ``wanted`` one if given."""
    place = locate_part(name)
    try:
        found = checksum_of(place)
    except OSError as error:
        raise PartError(f"{place}: cannot be read ({error.strerror}); check its permissions") from None
    if wanted and found != wanted:
        raise PartError(
            f"{setting} = {name!r} is another file than the settings were recorded with (SHA-256 "
            f"{found[:12]}…, {wanted[:12]}… is wanted); get that one, or name the part again "
            "(--embedding, --segmentation) to use this one"
        )
    return found
