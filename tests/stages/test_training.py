"""A tiny background model from voices of pure signal: the same to the byte however many processes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from diarize import background
from diarize.annotation.statistics import solo_intervals
from diarize.audio import write
from diarize.config import AcousticConfig
from diarize.errors import ModelError
from diarize.synth import synthesize_voices
from diarize.training import TrainingPlan, augmentation, examples, simulation, train, train_background


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Six voices of six seconds, a file each."""
    folder = tmp_path_factory.mktemp("voices")
    files = {}
    for name, (waveform,) in synthesize_voices(6, 6.0, seed=1).items():
        files[name] = [folder / f"{name}.wav"]
        write(files[name][0], waveform)
    return files


@pytest.fixture(scope="module", autouse=True)
def small():
    """Casts of two or three, short recordings, and a model that is learnt in a blink."""
    sizes = {"N_COMPONENTS": 4, "N_ACTIVITY": 4}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "MAX_VOICES", 3)
        patch.setattr(simulation, "SECONDS_EACH", 5.0)
        for name, size in sizes.items():
            patch.setattr(background.model, name, size)
        yield


def learnt(voices, path, progress=lambda stage, share: None, **plan):
    """Train, save, and give the model and its bytes."""
    model = train_background(TrainingPlan(voices, **plan), "wide", progress=progress)
    background.save(model, path)
    return model, path.read_bytes()


@pytest.fixture(scope="module")
def once(voices, tmp_path_factory):
    """A model, its bytes and what was reported, made by one process."""
    heard = []
    path = tmp_path_factory.mktemp("once") / "model.npz"
    return *learnt(voices, path, lambda *each: heard.append(each), rounds=2, jobs=1), heard


@pytest.mark.slow
def test_processes_do_not_change_a_byte(once, voices, tmp_path):
    """Recordings are handed out four at a time: there are more, so the second process has work."""
    assert len(list(train._casts(TrainingPlan(voices, rounds=2)))) >= 4
    _, again = learnt(voices, tmp_path / "model.npz", rounds=2, jobs=2)
    assert again == once[1]


@pytest.mark.slow
def test_a_model_is_trained_with_one_blas_thread(voices, monkeypatch):
    """However many the machine has: sums in another order end in other bits."""
    threads = []

    def listening(*given, **named):
        threads.extend(pool["num_threads"] for pool in threadpool_info())
        return fit_background(*given, **named)

    fit_background = train.fit_background
    monkeypatch.setattr(train, "fit_background", listening)
    with threadpool_limits(limits=2):
        train_background(TrainingPlan(voices), "wide")
    assert set(threads) == {1}


@pytest.mark.slow
def test_another_seed_is_another_model(once, voices, tmp_path):
    """Other casts, rooms and noise."""
    _, other = learnt(voices, tmp_path / "model.npz", rounds=2, jobs=2, seed=3)
    assert other != once[1]


def test_the_model_serves(once):
    """What was learnt is finite and is what the settings say, and says from what it was learnt."""
    model = once[0]
    assert (model.band, model.ubm.means_.shape) == ("wide", (4, 18))
    assert np.isfinite(model.ubm.means_).all()
    assert model.acoustics == AcousticConfig()
    told = {"voices": 6, "rooms": 0, "rounds": 2, "seed": 0}
    assert {name: model.origin[name] for name in told} == told


def test_progress_is_reported_to_the_end(once):
    """Shares of the recordings made, never falling."""
    shares = [share for stage, share in once[2] if stage == "simulated recordings"]
    assert len(shares) > 4
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_every_voice_is_cast_once_a_round(voices):
    """In groups of two or more but for the rest; the seed decides who meets whom."""
    plan = TrainingPlan(voices, rounds=3, seed=4)
    casts = list(train._casts(plan))
    assert sorted(name for cast in casts for name in cast) == sorted(3 * list(voices))
    assert all(len(set(cast)) == len(cast) <= 3 for cast in casts)
    order = [name for cast in casts for name in cast]
    assert len({tuple(order[i : i + 6]) for i in (0, 6, 12)}) == 3
    assert casts == list(train._casts(plan))
    assert casts != list(train._casts(TrainingPlan(voices, rounds=3, seed=5)))


def test_too_few_voices_are_refused(voices, tmp_path):
    """Before anything is computed, and the number is said."""
    few = dict(list(voices.items())[:5])
    with pytest.raises(ModelError, match="5 voices; a background model needs 6"):
        learnt(few, tmp_path / "model.npz")


def test_a_voice_has_many_moods():
    """Parts cut at quiet moments, together as long as the whole to a few per cent, as loud, not the same."""
    ((waveform,),) = synthesize_voices(1, 20.0, seed=3).values()
    parts = list(augmentation.vary_effort(waveform, np.random.default_rng(0)))
    assert len(parts) >= 4
    total = sum(part.samples.size for part in parts)
    assert 0.85 < total / waveform.samples.size < 1.15
    assert total != waveform.samples.size
    loudness = np.sqrt(np.mean(np.concatenate([part.samples for part in parts]) ** 2))
    np.testing.assert_allclose(loudness, np.sqrt(np.mean(waveform.samples**2)), rtol=0.05)
    moments = np.array(augmentation._quiet_moments(waveform))
    apart = np.diff([0, *moments]) / waveform.rate
    assert apart.min() >= 2.0
    assert apart.max() <= 4.5
    around = [np.abs(waveform.samples[m - 160 : m + 160]).mean() for m in moments]
    assert np.mean(around) < 0.5 * np.abs(waveform.samples).mean()


def test_a_tilt_moves_loudness_between_low_and_high():
    """Both ways, all in all as loud."""
    noise = 0.1 * np.random.default_rng(1).standard_normal(16000).astype(np.float32)
    low, same, high = (augmentation._tilt(noise, a) for a in (0.5, 0.0, -0.5))
    np.testing.assert_allclose(same, noise, rtol=1e-6)
    share = [np.abs(np.fft.rfft(x))[:4000].sum() / np.abs(np.fft.rfft(x)).sum() for x in (low, noise, high)]
    assert share[0] > share[1] + 0.05 > share[2] + 0.1
    np.testing.assert_allclose([np.std(low), np.std(high)], np.std(noise), rtol=0.02)


def test_the_quietest_fifth_of_voices_is_left_out(voices):
    """Of what the voices of a recording say alone; cells of 10 ms at edges count by their middle."""
    sound, truth = simulation.simulate_meeting(
        tuple(voices)[:3], TrainingPlan(voices), np.random.default_rng(0), 16_000
    )
    lesson = examples.make_example(
        lambda rng, rate: (sound, truth), np.random.default_rng(0), "wide", AcousticConfig()
    )
    spoken = sum(
        float(np.diff(each).sum()) for each in solo_intervals(truth).values() if np.diff(each).sum() >= 2
    )
    assert 0.7 < len(lesson.frames) / (100 * spoken) < 0.9


@pytest.mark.parametrize(
    ("scene", "is_talk"), [(simulation.simulate_music, False), (simulation.simulate_synthetic_voices, True)]
)
def test_signal_teaches_how_it_moves_and_nothing_else(scene, is_talk):
    """A row a second of the intervals of three: nobody is to be known by them, nor a frame to be told by."""
    lesson = examples.make_activity_example(scene, np.random.default_rng(0), "wide", AcousticConfig())
    speech, other, talk, music = lesson.activity
    assert (len(lesson.frames), len(speech), len(other)) == (0, 0, 0)
    assert (len(talk) > 20, len(music)) == ((True, 0) if is_talk else (False, 18))


def test_intervals_that_are_mostly_talk_are_distinguished_from_such_that_have_none(voices):
    """Of a conversation those count that are three fifths speech; of noise all, of neither the other kind."""
    scene = partial(simulation.simulate_meeting, tuple(voices)[:3], TrainingPlan(voices))
    talk, music = examples.make_example(scene, np.random.default_rng(0), "wide", AcousticConfig()).activity[
        2:
    ]
    assert len(talk) > 5
    assert len(music) == 0
    talk, music = examples.make_example(
        simulation.simulate_noise, np.random.default_rng(0), "wide", AcousticConfig()
    ).activity[2:]
    assert (len(talk), len(music)) == (0, 18)


def test_words_between_music_are_talk_and_nothing_else_is(voices, monkeypatch):
    """Phrases where the truth says, no longer than asked for, with two to five seconds before each."""
    monkeypatch.setattr(simulation, "PHRASE_SECONDS", (0.2, 0.4))
    plan = TrainingPlan(voices)
    sound, truth = simulation.simulate_talk_between_music(
        tuple(voices)[:3], plan, np.random.default_rng(0), 16_000
    )
    spans = truth.intervals()
    gaps = spans[:, 0] - np.concatenate(([0.0], spans[:-1, 1]))
    assert 3 <= len(spans) <= simulation.PHRASES
    assert (gaps >= 2 - 1e-3).all()
    assert (gaps <= 5 + 1e-3).all()
    assert (np.diff(spans) <= 0.4 + 1e-3).all()
    assert spans[-1, 1] == pytest.approx(sound.duration)
    assert np.abs(sound.samples).max() == pytest.approx(0.5)
