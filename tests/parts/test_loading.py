"""Files that are damaged, too large, made for something else, or that would have more run than is allowed."""

from __future__ import annotations

import os
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from diarize.errors import PartError
from diarize.parts import load_embedding, load_part, load_segmenter
from diarize.parts.onnx_file import MAX_BYTES

from . import builders


def refused(path, load=load_part):
    """The line with which a file is refused."""
    with pytest.raises(PartError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_kinds_are_distinguished(tmp_path):
    """An embedding is no segmentation network, and the line says where it belongs."""
    embedding = builders.embedding(tmp_path / "voice.onnx")
    segmentation = builders.segmentation(tmp_path / "who.onnx")
    assert (load_embedding(embedding).name, load_embedding(embedding).dimension) == ("voice", 6)
    assert load_segmenter(segmentation).rate == 16000
    assert "give it to --segmentation" in refused(segmentation, load_embedding)
    assert "give it to --embedding" in refused(embedding, load_segmenter)


def test_the_checksum_is_that_of_the_file(tmp_path):
    """As sha256sum prints it."""
    import hashlib

    path = builders.embedding(tmp_path / "a.onnx")
    assert load_embedding(path).checksum == hashlib.sha256(path.read_bytes()).hexdigest()


def test_sizes_that_the_file_leaves_open_are_tried(tmp_path):
    """Dimensions of the output without a number."""
    path = builders.embedding(tmp_path / "a.onnx", size=6)
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "D"
    onnx.save(model, path)
    assert load_embedding(path).dimension == 6


def test_a_file_cut_anywhere_is_refused(tmp_path):
    """Every length up to the whole."""
    data = builders.embedding(tmp_path / "a.onnx").read_bytes()
    cut = tmp_path / "cut.onnx"
    for n in [*range(0, len(data), 37), len(data) - 1]:
        cut.write_bytes(data[:n])
        refused(cut)
    cut.write_bytes(data[: len(data) // 2])
    assert f"cut short ({len(data) // 2} bytes)" in refused(cut)


def test_bytes_that_are_something_else(tmp_path):
    """A page of a server that sent an error, a pointer, an archive, noise."""
    path = tmp_path / "x.onnx"
    for data, said in (
        (b"<!DOCTYPE html><html>not found</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"BZh91AY&SY", "an archive"),
        (np.random.default_rng(1).bytes(5000), "not an ONNX file"),
        (b"", "not an ONNX file"),
    ):
        path.write_bytes(data)
        assert said in refused(path)


def test_two_gigabytes_are_refused_unread(tmp_path):
    """By the size alone: the file is a hole."""
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 2 << 30)
    assert f"2.1 GB; an ONNX file of at most {MAX_BYTES / 1e9:.1f} GB" in refused(path)


def test_no_file_no_name(tmp_path):
    """And a folder is no file."""
    with pytest.raises(PartError, match="neither a file nor the name of a part; did you mean 'campplus'"):
        load_embedding("camplus", tmp_path)
    assert "not a regular file" in refused(tmp_path)


def test_a_known_name_stands_for_one_file(tmp_path):
    """Another one under its name is not it, while its path may be given."""
    (tmp_path / "parts").mkdir()
    path = builders.embedding(tmp_path / "parts" / "campplus.onnx")
    with pytest.raises(PartError, match="not campplus as it is known"):
        load_embedding("campplus", tmp_path)
    assert load_embedding(path).dimension == 6


def test_weights_in_another_file_are_not_read(tmp_path):
    """External data may lie anywhere on the disk."""
    path = builders.embedding(tmp_path / "a.onnx")
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert (tmp_path / "w.bin").exists()
    assert "external data" in refused(path)


def test_external_data_hidden_in_a_node_is_seen(tmp_path):
    """Weights may be attributes, of graphs inside graphs too."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[80, 6])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    inner = helper.make_graph(
        [helper.make_node("Constant", [], ["w"], value=tensor)], "inner", [], [builders.port("w", [80, 6])]
    )
    node = helper.make_node("If", ["yes"], ["z"], then_branch=inner, else_branch=inner)
    path = builders.save(
        tmp_path / "a.onnx",
        [node],
        [builders.port("x", ["B", "T", 80])],
        [builders.port("z", ["B", 6])],
        {"yes": np.array(True)},
    )
    assert "external data" in refused(path)


def one_node(path, operator, kind=TensorProto.FLOAT, **more):
    """A file whose only operator is given."""
    domain = more.pop("domain", "")
    node = helper.make_node(operator, ["x"], ["y"], domain=domain, **more.pop("attributes", {}))
    ports = [builders.port("x", ["B", "T", 80], kind)], [builders.port("y", ["B", 80], kind)]
    return builders.save(path, [node], *ports, domains=[domain] if domain else [], **more)


def test_custom_operators_are_not_run(tmp_path):
    """In a domain of their own, or in none."""
    assert "custom operators" in refused(one_node(tmp_path / "a.onnx", "Magic", domain="my.operators"))
    assert "custom operators" in refused(one_node(tmp_path / "b.onnx", "Magic"))


def test_a_file_made_for_a_gpu_is_refused(tmp_path):
    """Compiled for an engine, or in half precision."""
    compiled = {
        "embed_mode": 1,
        "ep_cache_context": "x",
        "main_context": 1,
        "source": "TensorrtExecutionProvider",
    }
    path = one_node(tmp_path / "a.onnx", "EPContext", domain="com.microsoft", attributes=compiled)
    assert "only a GPU runs" in refused(path)
    half = {"attributes": {"axes": [1], "keepdims": 0}}
    assert "half precision" in refused(
        one_node(tmp_path / "b.onnx", "ReduceMean", TensorProto.FLOAT16, **half)
    )


@pytest.mark.parametrize("newer", [{"ir": 99}, {"opset": 99}])
def test_a_file_of_tomorrow_asks_for_a_newer_runtime(tmp_path, newer):
    """Versions of the format and of the operators."""
    attributes = {"axes": [1], "keepdims": 0}
    path = one_node(tmp_path / "a.onnx", "ReduceMean", attributes=attributes, **newer)
    assert "newer than the installed onnxruntime" in refused(path)


def test_numbers_that_are_not_finite_are_noticed_at_once(tmp_path):
    """Not after an hour of a recording."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Div", ["mean", "zero"], ["y"]),
    ]
    ports = [builders.port("x", ["B", "T", 80])], [builders.port("y", ["B", 80])]
    path = builders.save(tmp_path / "a.onnx", nodes, *ports, {"zero": np.float32(0)})
    assert "not finite" in refused(path)


def test_a_file_that_fails_on_its_own_input_is_refused(tmp_path):
    """The weights do not fit what it says that it takes."""
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["rows"]),
        helper.make_node("ReduceMean", ["rows"], ["y"], axes=[1], keepdims=0),
    ]
    ports = [builders.port("x", ["B", "T", 80])], [builders.port("y", ["B", "D"])]
    path = builders.save(tmp_path / "a.onnx", nodes, *ports, {"shape": np.array([7, 11, 13])})
    assert "fails on x (1, 148, 80)" in refused(path)


def test_vectors_of_another_size_than_promised_are_refused(tmp_path):
    """One row for a batch, whatever went in."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], axes=[0], keepdims=0)]
    ports = [builders.port("x", ["B", "T", 80])], [builders.port("y", ["B", "D"])]
    assert "not a speaker embedding" in refused(builders.save(tmp_path / "a.onnx", nodes, *ports))


def test_a_segmentation_of_other_frames_is_refused(tmp_path):
    """A network of another shape with seven classes."""
    metadata = {**builders.SEGMENTATION, "receptive_field_size": 721}
    said = refused(builders.segmentation(tmp_path / "a.onnx", metadata=metadata))
    assert "gives classes of shape (1, 589, 7)" in said


def test_without_onnxruntime_the_extra_is_named(tmp_path, monkeypatch):
    """What to install."""
    path = builders.embedding(tmp_path / "a.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PartError, match=r"pip install 'diarize-gmm\[onnx\]'"):
        load_embedding(path)


def test_one_thread_of_the_processor_is_used(tmp_path):
    """And nothing but the processor."""
    session = load_embedding(builders.embedding(tmp_path / "a.onnx")).session._session
    options = session.get_session_options()
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
