"""Small ONNX files with known weights, made with the package onnx."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHERPA = {
    "framework": "3d-speaker",
    "sample_rate": 16000,
    "output_dim": 6,
    "normalize_samples": 1,
    "feature_normalize_type": "global-mean",
}
NEMO = {
    "framework": "nemo",
    "sample_rate": 16000,
    "output_dim": 6,
    "feature_normalize_type": "per_feature",
    "window_size_ms": 25,
    "window_stride_ms": 10,
    "window_type": "hann",
    "feat_dim": 80,
}
SEGMENTATION = {
    "num_speakers": 3,
    "powerset_max_classes": 2,
    "num_classes": 7,
    "sample_rate": 16000,
    "window_size": 160000,
    "receptive_field_size": 991,
    "receptive_field_shift": 270,
}


def voice(seconds, rate=16000, pitch=120.0, seed=0):
    """Something with pitch and pauses in faint noise, float32."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    pulses = np.sin(2 * np.pi * pitch * t + 3 * np.sin(2 * np.pi * 2.1 * t)) ** 21
    return (0.3 * pulses * (np.sin(2 * np.pi * 0.9 * t) > -0.5) + 0.003 * rng.standard_normal(len(t))).astype(
        "f"
    )


def weights(*shape, seed=0):
    """Random numbers around zero, float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype("f")


def port(name, shape, kind=TensorProto.FLOAT):
    """An input or output; a text in the shape is an axis of any size."""
    return helper.make_tensor_value_info(name, kind, shape)


def save(path, nodes, inputs, outputs, constants=None, metadata=None, *, opset=17, ir=8, domains=()):
    """Write a model; its path."""
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "made", inputs, outputs, stored)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir)
    helper.set_model_props(model, {key: str(value) for key, value in (metadata or {}).items()})
    onnx.save(model, path)
    return path


def embedding(path, *, bands=80, batch="B", frames="T", name="x", metadata=SHERPA, size=6):
    """Takes (batch, frames, bands); gives the mean square of every band times ``weights(bands, size)``."""
    nodes = [
        helper.make_node("Mul", [name, name], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], ["embedding"]),
    ]
    ports = [port(name, [batch, frames, bands])], [port("embedding", [batch, size])]
    return save(path, nodes, *ports, {"w": weights(bands, size)}, metadata)


def embedded(features, size=6):
    """What ``embedding`` gives for features (frames, bands)."""
    return np.mean(np.square(features), axis=0) @ weights(features.shape[1], size)


def nemo(path, metadata=NEMO):
    """Takes (batch, bands, frames) and lengths; gives scores, then the embedding with the length last."""
    nodes = [
        helper.make_node("Mul", ["audio_signal", "audio_signal"], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["mean"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], ["vector"]),
        helper.make_node("Cast", ["length"], ["frames"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["frames", "one"], ["column"]),
        helper.make_node("Concat", ["vector", "column"], ["embs"], axis=1),
        helper.make_node("MatMul", ["mean", "w"], ["logits"]),
    ]
    inputs = [port("audio_signal", ["B", 80, "T"]), port("length", ["B"], TensorProto.INT64)]
    outputs = [port("logits", ["B", 5]), port("embs", ["B", 6])]
    return save(path, nodes, inputs, outputs, {"w": weights(80, 5), "one": np.array([1])}, metadata)


def redimnet(path):
    """Takes (1, 1, 72, frames); gives the mean square of every band and, last, the number of frames."""
    nodes = [
        helper.make_node("Mul", ["features", "features"], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["mean"], axes=[1, 3], keepdims=0),
        helper.make_node("Shape", ["features"], ["shape"], start=3, end=4),
        helper.make_node("Cast", ["shape"], ["frames"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["frames", "one"], ["column"]),
        helper.make_node("Concat", ["mean", "column"], ["embedding"], axis=1),
    ]
    ports = [port("features", [1, 1, 72, "T"])], [port("embedding", [1, 73])]
    return save(path, nodes, *ports, {"one": np.array([1])})


def waveform(path, shape=("B", "T")):
    """Takes samples; gives their mean square, and that of their differences, in two numbers."""
    nodes = [
        helper.make_node("Reshape", ["x", "flat"], ["rows"]),
        helper.make_node("Conv", ["rows", "kernels"], ["bands"]),
        helper.make_node("Mul", ["bands", "bands"], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["embedding"], axes=[2], keepdims=0),
    ]
    kernels = np.array([[[0, 1]], [[-1, 1]]], dtype="f")
    constants = {"kernels": kernels, "flat": np.array([0, 1, -1])}
    return save(path, nodes, [port("x", list(shape))], [port("embedding", [shape[0], 2])], constants)


def segmentation(path, *, classes=7, metadata=SEGMENTATION, batch="N", samples="T", ending="LogSoftmax"):
    """Takes (batch, 1, samples); gives ``classes`` of frames of 991 samples every 270: a convolution."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["scores"], strides=[270]),
        helper.make_node("Transpose", ["scores"], ["turned"], perm=[0, 2, 1]),
        helper.make_node(ending, ["turned"], ["y"], **({} if ending == "Identity" else {"axis": -1})),
    ]
    ports = [port("x", [batch, 1, samples])], [port("y", [batch, "F", classes])]
    return save(path, nodes, *ports, {"w": weights(classes, 1, 991) / 5}, metadata)
