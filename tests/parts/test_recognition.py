"""What a file is, told by what it says of itself; nothing is run."""

from __future__ import annotations

import pytest

from diarize.errors import PartError
from diarize.parts.recognition import EmbeddingFormat, SegmentationFormat, recognize_format
from diarize.parts.session import Port, Signature

FLOAT, INT64, HALF = "tensor(float)", "tensor(int64)", "tensor(float16)"


def embedding(shape, *, name="x", metadata=None, outputs=(("embedding", (None, 192)),), lengths=False):
    """The signature of a file with one float input."""
    inputs = [Port(name, FLOAT, tuple(shape))] + [Port("length", INT64, (None,))] * lengths
    ports = tuple(Port(each, FLOAT, tuple(sizes)) for each, sizes in outputs)
    return Signature(tuple(inputs), ports, metadata or {})


def of(*words, **more):
    """The format of such a file."""
    return recognize_format(embedding(*words, **more), "file.onnx")


def test_three_d_speaker_by_its_metadata():
    """Povey windows, samples between -1 and 1, the mean taken off."""
    metadata = {"framework": "3d-speaker", "normalize_samples": "1", "feature_normalize_type": "global-mean"}
    found = of((None, None, 80), metadata=metadata)
    assert isinstance(found, EmbeddingFormat)
    assert (found.framework, found.layout, found.n_mels, found.rate) == ("3d-speaker", "BTF", 80, 16000)
    assert dict(found.bank) == {"window": "povey", "scale": 1.0}
    assert found.normalize == "mean"


@pytest.mark.parametrize(
    ("name", "metadata"), [("x", {"framework": "wespeaker", "normalize_features": "0"}), ("feats", {})]
)
def test_wespeaker_by_its_metadata_or_the_name_of_its_input(name, metadata):
    """Hamming windows, samples as 16-bit numbers, the mean taken off."""
    found = of((None, None, 80), name=name, metadata=metadata)
    assert found.framework == "wespeaker"
    assert dict(found.bank) == {"window": "hamming", "scale": 32768.0}
    assert found.normalize == "mean"


@pytest.mark.parametrize(("said", "scale"), [("0", 32768.0), ("1", 1.0)])
def test_metadata_say_how_samples_are_scaled(said, scale):
    """``normalize_samples`` of sherpa-onnx."""
    assert of((None, None, 80), metadata={"normalize_samples": said}).bank["scale"] == scale


def test_metadata_may_ask_for_no_normalisation():
    """An empty kind of it is none."""
    assert of((None, None, 80), metadata={"feature_normalize_type": ""}).normalize == ""


def test_eight_thousand_hertz_come_from_the_metadata():
    """And the least and most samples with it."""
    found = of((None, None, 80), metadata={"sample_rate": "8000"})
    assert (found.rate, found.least, found.most) == (8000, 2400, 240_000)


def test_nemo_takes_the_second_output_and_the_lengths():
    """librosa's filters, hann windows, divided by the deviation."""
    metadata = {"framework": "nemo", "feature_normalize_type": "per_feature", "window_type": "hann"}
    outputs = (("logits", (None, 16681)), ("embs", (None, 192)))
    found = of((None, 80, None), name="audio_signal", lengths=True, metadata=metadata, outputs=outputs)
    assert (found.framework, found.layout, found.lengths, found.output) == ("nemo", "BFT", "length", "embs")
    assert found.normalize == "deviation"
    assert (found.bank["mel"], found.bank["window"], found.bank["low"]) == ("slaney", "hann", 0.0)
    assert not found.bank["remove_dc"]
    assert of((None, 80, None), lengths=True, outputs=outputs).framework == "nemo"


def test_redimnet_has_four_axes_and_frames_by_four():
    """[1, 1, 72, T], one at a time."""
    found = of((1, 1, 72, None))
    assert (found.framework, found.layout, found.n_mels, found.batch) == ("redimnet2", "B1FT", 72, 1)
    assert (found.multiple, found.bank["high"]) == (4, 7600.0)


@pytest.mark.parametrize(("shape", "layout"), [((None, None), "BS"), ((None, 1, None), "B1S")])
def test_a_waveform_is_taken_as_it_is(shape, layout):
    """With one output of vectors."""
    found = of(shape)
    assert (found.framework, found.layout, found.n_mels) == ("waveform", layout, 0)


def test_fixed_sizes_are_kept():
    """148 frames are a second and a half; one at a time."""
    found = of((1, 148, 80))
    assert (found.batch, found.least, found.most) == (1, 147 * 160 + 400, 147 * 160 + 400)
    assert of((1, 24000)).least == of((1, 24000)).most == 24000


def segmentation(classes=7, shape=(None, 1, None), metadata=None):
    """The signature of a segmentation network."""
    return Signature((Port("x", FLOAT, shape),), (Port("y", FLOAT, (None, None, classes)),), metadata or {})


def test_segmentation_with_and_without_metadata_is_the_same():
    """Ten seconds, 589 frames, three local speakers of whom two talk at once."""
    metadata = {
        "num_speakers": "3",
        "powerset_max_classes": "2",
        "num_classes": "7",
        "sample_rate": "16000",
        "window_size": "160000",
        "receptive_field_size": "991",
        "receptive_field_shift": "270",
    }
    plain = recognize_format(segmentation(), "file.onnx")
    assert isinstance(plain, SegmentationFormat)
    assert plain == recognize_format(segmentation(metadata=metadata), "file.onnx")
    assert (plain.window, plain.n_frames, plain.n_classes, plain.n_local) == (160000, 589, 7, 3)


def test_segmentation_of_other_sizes_follows_its_metadata():
    """Four local speakers, two at once: eleven classes."""
    metadata = {"num_speakers": "4", "num_classes": "11"}
    assert recognize_format(segmentation(11, metadata=metadata), "file.onnx").n_classes == 11


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (segmentation(3), "a segmentation of 3 classes is not known"),
        (segmentation(metadata={"num_speakers": "many"}), "num_speakers = 'many', a whole number is needed"),
        (embedding((None, 3, 224, 224)), r"takes x float \(\?, 3, 224, 224\) and gives embedding float"),
        (embedding((None, None, 80), metadata={"sample_rate": "44100"}), "wants 44100 Hz by its metadata"),
        (embedding((None, None, 80), outputs=(("y", (None, None, 192)),)), "known are speaker embeddings"),
        (embedding((None, None, 80), outputs=(("y", ()),)), "known are speaker embeddings"),
        (
            Signature((Port("x", HALF, (None, None, 80)),), (Port("y", HALF, (None, 192)),), {}),
            "half precision is for GPUs",
        ),
        (
            Signature((Port("tokens", INT64, (None, None)),), (Port("y", FLOAT, (None, 192)),), {}),
            "takes tokens int64",
        ),
        (
            Signature(
                tuple(Port(n, FLOAT, (None, None, 80)) for n in "ab"), (Port("y", FLOAT, (None, 9)),), {}
            ),
            "takes a float",
        ),
    ],
)
def test_other_files_are_refused_with_what_they_take_and_give(signature, said):
    """One line, and what is known."""
    with pytest.raises(PartError, match=said) as caught:
        recognize_format(signature, "file.onnx")
    assert str(caught.value).startswith("file.onnx: ")
    assert "\n" not in str(caught.value)
