"""Run an ONNX file on one CPU thread, with reproducible results.

Needs onnxruntime (extra ``onnx``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import PartError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from diarize.parts.onnx_file import OnnxFile

    Array = NDArray[Any]

__all__ = ["Port", "Session", "Signature", "open_session"]

PROVIDER: Final = "CPUExecutionProvider"
SILENT: Final = 4  # log level of onnxruntime: fatal errors only
LONGEST_REASON: Final = 160


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output: ``kind`` as onnxruntime writes it; in ``shape``, None is what may have any size."""

    name: str
    kind: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.kind.removeprefix('tensor(').removesuffix(')')} ({sizes})"


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs, outputs and metadata of a file."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: Mapping[str, str]

    def __str__(self) -> str:
        return f"takes {', '.join(map(str, self.inputs))} and gives {', '.join(map(str, self.outputs))}"


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A loaded file, ready to run."""

    file: OnnxFile
    signature: Signature
    _session: Any

    def run(self, output: str, feeds: Mapping[str, Array]) -> Array:
        """The ``output`` float32 of what is fed in. Raises PartError when it fails or is not finite."""
        try:
            (found,) = self._session.run([output], dict(feeds))
        except Exception as error:  # onnxruntime has a dozen classes of its own
            shapes = ", ".join(f"{name} {values.shape}" for name, values in feeds.items())
            raise PartError(
                f"{self.file.path}: fails on {shapes} ({_reason(error)}); it is not a part of the "
                "kind that it seems to be, or it is damaged"
            ) from error
        values = np.asarray(found, dtype=np.float32)
        if not np.isfinite(values).all():
            raise PartError(
                f"{self.file.path}: gives numbers that are not finite; it is damaged or was badly "
                "converted, get another export"
            )
        return values


def open_session(file: OnnxFile) -> Session:
    """Load a file. Raises PartError without onnxruntime, and for what its CPU provider cannot run."""
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = SILENT
    options.use_deterministic_compute = True
    options.enable_mem_pattern = False  # memory patterns of all window lengths would accumulate
    try:
        session = runtime.InferenceSession(file.data, options, providers=[PROVIDER])
    except Exception as error:  # as above
        raise PartError(f"{file.path}: {_refusal(_reason(error))}") from error
    signature = Signature(
        tuple(map(_port, session.get_inputs())),
        tuple(map(_port, session.get_outputs())),
        dict(session.get_modelmeta().custom_metadata_map),
    )
    return Session(file, signature, session)


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise PartError(
            "ONNX files need the package onnxruntime; install it: pip install 'diarize-gmm[onnx]'"
        ) from None
    return onnxruntime


def _port(each: Any) -> Port:
    return Port(each.name, each.type, tuple(size if isinstance(size, int) else None for size in each.shape))


def _refusal(reason: str) -> str:
    """What is wrong and what to try, from the message of onnxruntime."""
    lower = reason.lower()
    if "not a registered function/op" in lower or "no opset import" in lower or "no op registered" in lower:
        return f"has custom operators, which are not run ({reason}); get an export without"
    if "not_implemented" in lower or "could not find an implementation" in lower or "epcontext" in lower:
        return f"has operators that only a GPU runs ({reason}); get an export for the CPU"
    if "ir version" in lower or "opset" in lower:
        return f"is newer than the installed onnxruntime ({reason}); pip install --upgrade onnxruntime"
    return f"cannot be loaded ({reason}); it is damaged or not meant for onnxruntime, get it again"


def _reason(error: Exception) -> str:
    """The message of onnxruntime without paths and source lines, on one line."""
    text = " ".join(str(error).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : ", "", text)
    text = text.replace("This is an invalid model. ", "")
    text = re.sub(r"/\S+?\.(?:cc|h):\d+ [^\[]*?\) ", "", text)
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
