"""Catalogue of parts by name: address, size, licence and SHA-256.

The files themselves are not in this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CATALOGUE", "CatalogueEntry", "named_by_checksum"]

_SHERPA: Final = "https://github.com/k2-fsa/sherpa-onnx/releases/download"
_EMBEDDINGS: Final = f"{_SHERPA}/speaker-recongition-models"  # the tag's spelling is theirs


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One published part.

    ``kind``: "embedding" or "segmentation"; ``size`` in bytes (None: not known) and ``sha256`` of what
    ``address`` gives; for an archive, ``member`` is the wanted file in it and ``member_sha256`` its checksum.
    """

    name: str
    kind: str
    description: str
    address: str
    size: int | None
    sha256: str
    licence: str
    member: str | None = None
    member_sha256: str | None = None

    @property
    def file(self) -> str:
        """File name in the cache."""
        return f"{self.name}.onnx"

    @property
    def checksum(self) -> str:
        """SHA-256 of the part itself."""
        return self.member_sha256 or self.sha256


CATALOGUE: Final = {
    entry.name: entry
    for entry in (
        CatalogueEntry(
            name="campplus",
            kind="embedding",
            description="CAM++, Chinese and English, 192 dimensions, 16 kHz (3D-Speaker)",
            address=f"{_EMBEDDINGS}/3dspeaker_speech_campplus_sv_zh_en_16k-common_advanced.onnx",
            size=28281164,
            sha256="aa3cfc16963a10586a9393f5035d6d6b57e98d358b347f80c2a30bf4f00ceba2",
            licence="Apache-2.0",
        ),
        CatalogueEntry(
            name="titanet-small",
            kind="embedding",
            description="TitaNet small, English, 192 dimensions, 16 kHz (NVIDIA NeMo)",
            address=f"{_EMBEDDINGS}/nemo_en_titanet_small.onnx",
            size=None,
            sha256="ad4a1802485d8b34c722d2a9d04249662f2ece5d28a7a039063ca22f515a789e",
            licence="Apache-2.0",
        ),
        CatalogueEntry(
            name="segmentation-3.0",
            kind="segmentation",
            description="segmentation-3.0, three local speakers, two at once, 16 kHz (pyannote)",
            address=f"{_SHERPA}/speaker-segmentation-models/sherpa-onnx-pyannote-segmentation-3-0.tar.bz2",
            size=6958444,
            sha256="24615ee884c897d9d2ba09bb4d30da6bb1b15e685065962db5b02e76e4996488",
            licence="MIT",
            member="model.onnx",
            member_sha256="220ad67ca923bef2fa91f2390c786097bf305bceb5e261d4af67b38e938e1079",
        ),
    )
}
"""Entries by name."""


def named_by_checksum(checksum: str) -> str | None:
    """The name under which a file of this SHA-256 is known."""
    return next((entry.name for entry in CATALOGUE.values() if entry.checksum == checksum), None)
