"""``diarize parts``: speaker embeddings and segmentation networks in ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.error_handling import FAILED, ErrorHandlingGroup
from diarize.cli.files import refuse_existing
from diarize.cli.help import PlainHelpCommand
from diarize.cli.options import Json, Overwrite, Verbose
from diarize.cli.printing import escape_controls, print_error, print_json, print_text

if TYPE_CHECKING:
    from diarize.parts.extractor import OnnxEmbedding
    from diarize.parts.segmenter import OnnxSegmenter

__all__ = ["app"]

app = typer.Typer(
    cls=ErrorHandlingGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Speaker embeddings and segmentation networks in ONNX files: download, describe, check, calibrate.",
)

Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Folder of the files (default: the cache of the platform)."),
]

_Voices = Annotated[
    Path | None,
    typer.Option(
        "--voices",
        metavar="DIR",
        help="Folder with one subfolder or file per speaker (default: 200 included readers).",
    ),
]


@app.command("list", cls=PlainHelpCommand)
def list_parts(*, cache: Cache = None, json: Json = False, verbose: Verbose = False) -> None:
    """List the networks known by name (address, size, licence, SHA-256) and those in the cache."""
    from diarize.parts.cache import cached_parts, parts_folder
    from diarize.parts.catalogue import CATALOGUE

    here = cached_parts(cache)
    known = [_describe_entry(name, here) for name in CATALOGUE]
    others = [_describe_other(name, path) for name, path in here.items() if name not in CATALOGUE]
    if json:
        print_json({"cache": str(parts_folder(cache)), "parts": known + others})
        return
    for facts in known + others:
        print_text(_format_part(facts))
    print_text(escape_controls(f"cache: {parts_folder(cache)}"))


@app.command(cls=PlainHelpCommand)
def get(
    name_or_address: Annotated[
        str,
        typer.Argument(metavar="NAME|URL", help="A name of 'diarize parts list', or the address of a file."),
    ],
    *,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="HEX", help="SHA-256 of the file at the address.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="Name in the cache (default: that of the list or the address)."
        ),
    ] = None,
    cache: Cache = None,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Download a part into the cache. No other command uses a network connection.

    An interrupted download is resumed; a file with another checksum is deleted. Proxies are taken from the
    environment, and file: addresses work, too.
    """
    from diarize.cli.progress import FETCHING, show_progress
    from diarize.parts.fetching import get_part

    with show_progress(name_or_address, quiet=False, stages=FETCHING) as progress:
        found = get_part(
            name_or_address, sha256=sha256, name=name, cache=cache, overwrite=overwrite, progress=progress
        )
    print_text(escape_controls(found.path if found.is_new else f"{found.path} (already there)"))


@app.command(cls=PlainHelpCommand)
def info(
    part: Annotated[str, typer.Argument(metavar="FILE|NAME", help="An ONNX file, or a name in the cache.")],
    *,
    cache: Cache = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Describe an ONNX file: kind, inputs, outputs, metadata, and whether it is calibrated."""
    from diarize.parts import load_part

    facts = _describe_part(load_part(part, cache), cache)
    if json:
        print_json(facts)
        return
    print_text(escape_controls(facts.pop("file")))
    for key, value in facts.items():
        print_text(escape_controls(f"  {key.replace('_', ' ')}: {value}"))


@app.command(cls=PlainHelpCommand)
def check(*, cache: Cache = None, verbose: Verbose = False) -> None:
    """Check every part in the cache: its checksum, and a test run on noise."""
    from diarize.parts.cache import cached_parts, parts_folder

    parts = cached_parts(cache)
    if not parts:
        print_text(
            escape_controls(
                f"no parts in {parts_folder(cache)}; 'diarize parts list' shows those that can be downloaded"
            )
        )
    failed = sum(not _check_part(name, path) for name, path in parts.items())
    if failed:
        raise typer.Exit(FAILED)


@app.command(cls=PlainHelpCommand)
def calibrate(
    part: Annotated[
        str,
        typer.Argument(
            metavar="FILE|NAME", help="A speaker embedding: an ONNX file, or a name in the cache."
        ),
    ],
    *,
    voices: _Voices = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.npz", help="Calibration to write (default: in the cache)."
        ),
    ] = None,
    cache: Cache = None,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Calibrate a speaker embedding: estimate its covariance within and between speakers (minutes).

    The first use of an embedding does this with 200 included readers. Voices like yours can be better: 200
    of them, twelve seconds each. A calibration in the cache is replaced.
    """
    from diarize.cli.progress import CALIBRATING, show_progress
    from diarize.parts import calibration as learning
    from diarize.parts import load_embedding

    embedding = load_embedding(part, cache)
    place = learning.calibration_path(embedding, cache) if output is None else output
    if output is not None:
        refuse_existing(output, overwrite=overwrite)
    recordings = _find_voices(voices)
    with show_progress(embedding.name, quiet=False, stages=CALIBRATING) as progress:
        vectors, speakers = learning.voice_vectors(embedding, recordings, progress)
    model = learning.fit_calibration(vectors, speakers, embedding.name)
    learning.save_calibration(place, model)
    print_text(escape_controls(place))
    print_text(f"  voices: {len(recordings)}, windows: {len(vectors)}, dimensions: {len(model.between)}")
    error = learning.equal_error(vectors, speakers)
    print_text(f"  equal error rate of pairs of windows, cross-validated: {100 * error:.1f} %")


def _find_voices(folder: Path | None) -> dict[str, list[Path]]:
    from diarize.audio import find_voices
    from diarize.parts.calibration import included_voices

    return included_voices() if folder is None else find_voices(folder)


def _describe_entry(name: str, here: dict[str, Path]) -> dict[str, Any]:
    from diarize.parts.catalogue import CATALOGUE

    entry = CATALOGUE[name]
    return {
        "name": name,
        "kind": entry.kind,
        "description": entry.description,
        "licence": entry.licence,
        "bytes": entry.size,
        "address": entry.address,
        "member": entry.member,
        "sha256": entry.sha256,
        "member_sha256": entry.member_sha256,
        "here": str(here[name]) if name in here else None,
    }


def _describe_other(name: str, path: Path) -> dict[str, Any]:
    from diarize.parts.fetching import read_record

    record = read_record(path)
    return {
        "name": name,
        "description": "fetched by address" if record else "copied here",
        "bytes": path.stat().st_size,
        "address": record.get("address"),
        "sha256": record.get("sha256"),
        "here": str(path),
    }


def _format_part(facts: dict[str, Any]) -> str:
    size = f"{facts['bytes'] / 1e6:.1f} MB" if facts["bytes"] else ""
    head = ", ".join(filter(None, (facts["description"], facts.get("licence"), size)))
    lines = [f"{facts['name']}: {head}{'' if facts['here'] is None else '; in the cache'}"]
    keys = ("address", "sha256", "member", "member_sha256")
    lines += [f"  {key.replace('_', ' ')} {facts[key]}" for key in keys if facts.get(key)]
    return "\n".join(map(escape_controls, lines))


def _describe_part(part: OnnxEmbedding | OnnxSegmenter, cache: Path | None) -> dict[str, Any]:
    """The properties of a loaded part."""
    from diarize.parts.extractor import OnnxEmbedding

    session = part.session
    facts: dict[str, Any] = {"file": str(session.file.path), "name": part.name}
    if isinstance(part, OnnxEmbedding):
        features = f"filter bank of {part.format.n_mels}" if part.format.n_mels else "waveform"
        facts |= {"kind": "embedding", "dimension": part.dimension, "features": features}
    else:
        facts |= {"kind": "segmentation", "local_speakers": part.format.n_local}
    facts |= {
        "framework": part.format.framework,
        "rate": part.rate,
        "sha256": part.checksum,
        "bytes": len(session.file.data),
        "inputs": ", ".join(map(str, session.signature.inputs)),
        "outputs": ", ".join(map(str, session.signature.outputs)),
    }
    if isinstance(part, OnnxEmbedding):
        facts["calibration"] = _calibration_place(part, cache)
    return facts | {"metadata": dict(session.signature.metadata)}


def _calibration_place(part: OnnxEmbedding, cache: Path | None) -> str:
    from diarize.parts.calibration import find_calibration

    found = find_calibration(part, cache)
    return "computed at first use" if found is None else str(found)


def _check_part(name: str, path: Path) -> bool:
    """Print whether a part in the cache has its checksum and works, and return it."""
    from diarize.errors import DiarizeError
    from diarize.parts import load_part
    from diarize.parts.catalogue import CATALOGUE
    from diarize.parts.fetching import read_record

    try:
        part = load_part(path)
    except DiarizeError as error:
        print_error(str(error), name)
        return False
    wanted = CATALOGUE[name].checksum if name in CATALOGUE else read_record(path).get("sha256")
    if wanted not in (None, part.checksum):
        print_error(f"SHA-256 {part.checksum}, {wanted} is expected; get it again with --overwrite", name)
        return False
    print_text(escape_controls(f"{name}: valid{'' if wanted else ' (no checksum is known)'}"))
    return True
