"""Cepstra against librosa's own, their streaming, their slopes and normalisation, and the measured band."""

from __future__ import annotations

import tracemalloc

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import butter, sosfiltfilt
from scipy.special import ndtri
from scipy.stats import rankdata

from diarize.config import AcousticConfig
from diarize.errors import AudioError, ConfigError
from diarize.features import (
    append_deltas,
    cmvn,
    compute_cepstra,
    compute_deltas,
    loud_frames,
    loud_outside,
    normalize_features,
    select_voice_cepstra,
)
from diarize.features.bandwidth import measure_band
from diarize.features.mfcc import frame_grid
from diarize.features.normalize import sliding_cmvn, warp_features
from diarize.types import Features, FrameGrid

RATE = 16_000
CONFIG = AcousticConfig()
LAW = settings(deadline=None, max_examples=25, derandomize=True)
SPANS = {"c": (20, 30, 100.0, 3700.0), "u": (4, 13, 3700.0, 7600.0)}  # coefficients, filters, Hz


def noise(seconds, seed=0, level=0.1):
    """White noise, float32 (n,)."""
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (level * samples).astype(np.float32)


def whole(samples, config=CONFIG, rate=RATE):
    """Features of one piece."""
    return compute_cepstra([samples], rate, config)


def band_of(samples):
    """Which band is measured in it."""
    return measure_band(whole(samples), CONFIG.n_mels)


def rows(seed, n=200, dims=3):
    """Random values (n, dims) of unlike mean and spread that wander slowly."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((n, dims)) * rng.uniform(0.5, 4.0, dims)
    return (steps + 0.3 * np.cumsum(steps, axis=0) + rng.uniform(-20, 20, dims)).astype(np.float32)


class TestCepstra:
    @pytest.mark.parametrize("band", ["c", "u"])
    @pytest.mark.parametrize("lifter", [0.0, 22.0])
    def test_equal_those_of_librosa_from_samples(self, band, lifter):
        """librosa.feature.mfcc on the padded waveform gives the same numbers in one call."""
        samples, config = noise(1.0), AcousticConfig(lifter=lifter)
        ours = whole(samples, config)
        n, n_mels, low, high = SPANS[band]
        # 120 samples before the first window (the grid's offset), 56 more for the longer Fourier transform
        padded = np.pad(samples, (120 + 56, 1000))
        theirs = librosa.feature.mfcc(
            y=padded,
            sr=RATE,
            n_mfcc=n + 1,
            lifter=lifter,
            n_fft=512,
            hop_length=160,
            win_length=400,
            window="hamming",
            center=False,
            n_mels=n_mels,
            fmin=low,
            fmax=high,
            htk=True,
        )
        assert ours.names == (*(f"c{i}" for i in range(21)), *(f"u{i}" for i in range(5)), "tilt")
        # librosa's floor is relative to the loudest frame: the last frame, half empty, is left out
        assert_allclose(ours.columns(band)[:-1], theirs.T[: len(ours.values) - 1], rtol=0, atol=2e-3)

    def test_a_frame_is_what_its_definition_says(self):
        """Hamming window, power spectrum, mel, 10 log10, orthonormal DCT-II, written out for one frame."""
        samples = noise(0.5, seed=1)
        found = whole(samples)
        t, window = 17, 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
        piece = np.zeros(512)
        piece[56:456] = samples[t * 160 - 120 : t * 160 + 280] * window
        power = np.abs(np.fft.rfft(piece)) ** 2
        mel = librosa.filters.mel(sr=RATE, n_fft=512, n_mels=30, fmin=100, fmax=3700, htk=True) @ power
        decibels, m = 10 * np.log10(mel), np.arange(30)
        for i in (0, 1, 7, 20):
            scale = np.sqrt((1 if i == 0 else 2) / 30)
            wanted = scale * np.sum(decibels * np.cos(np.pi * i * (2 * m + 1) / 60))
            assert_allclose(found.values[t, i], wanted, rtol=0, atol=1e-3)
        hertz = np.arange(257) * RATE / 512
        tilt = power[hertz >= 4200].sum() / power[(hertz >= 300) & (hertz <= 3000)].sum()
        assert_allclose(found.values[t, -1], 10 * np.log10(tilt), rtol=0, atol=1e-3)

    @pytest.mark.parametrize(("hertz", "moved", "still"), [(500, "c", "u"), (6500, "u", "c")])
    def test_a_tone_in_one_band_leaves_the_other_alone(self, hertz, moved, still):
        """But for what the window leaks, which is under the noise."""
        samples = noise(0.5)
        tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(samples.size) / RATE).astype(np.float32)
        one, other = whole(samples), whole(samples + tone)
        change = {band: np.abs(one.columns(band) - other.columns(band))[2:-2] for band in "cu"}
        assert change[moved].max() > 10
        assert change[still].max() < 1

    def test_a_rate_without_room_has_nothing_in_the_upper_band(self):
        """Neither frames that differ nor a number that is none."""
        found = whole(noise(0.5), rate=8_000)
        assert np.ptp(found.columns("u"), axis=0).max() == 0
        assert np.isfinite(found.values).all()

    @LAW
    @given(cuts=st.lists(st.integers(0, 9_000), max_size=8), n=st.integers(1, 9_000))
    def test_blocks_of_any_size_equal_one_piece(self, cuts, n):
        """Empty blocks, blocks shorter than a hop and the rest."""
        samples = noise(9_000 / RATE)[:n]
        blocks = np.split(samples, sorted(min(cut, n) for cut in cuts))
        streamed, at_once = compute_cepstra(blocks, RATE, CONFIG), whole(samples)
        assert streamed.grid == at_once.grid
        assert_allclose(streamed.values, at_once.values, rtol=0, atol=1e-6)

    def test_memory_is_that_of_what_is_returned_even_from_one_large_block(self):
        """Spectra are thirteen times as large as cepstra in the precision of sums: never of all frames."""
        samples = np.zeros(600 * RATE, np.float32)
        whole(samples[:RATE])  # whatever librosa builds once
        tracemalloc.start()
        found = whole(samples)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        kept = found.values.nbytes
        spectra = 8 * 257 * 100 * 30
        assert peak < 1.25 * kept + 6 * spectra

    @LAW
    @given(n=st.integers(1, 20_000), rate=st.sampled_from([8_000, 16_000, 22_050, 44_100]))
    def test_cells_tile_the_recording(self, n, rate):
        """One frame for every hop begun; the first cell begins at sample 0."""
        grid = frame_grid(n, rate, CONFIG)
        hop = round(0.01 * rate)
        assert grid.n_frames == int(np.ceil(n / hop))
        # an odd difference of window and hop cannot be halved: the centre is off by half a sample at most
        assert grid.origin in (0, 1) if (grid.window - grid.hop) % 2 else grid.origin == 0
        assert (grid.n_frames - 1) * hop < n <= grid.n_frames * hop
        found = whole(np.ones(n, np.float32), rate=rate)
        assert len(found.values) == grid.n_frames

    def test_a_hop_longer_than_the_window_is_refused(self):
        """Both settings are named."""
        with pytest.raises(ConfigError, match=r"features\.hop = 0\.05 s .* features\.window = 0\.025 s"):
            whole(noise(0.2), AcousticConfig(hop=0.05))

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"n_mels": 20}, r"n_mfcc = 20 above c0 from features\.n_mels = 20 filters; choose fewer"),
            ({"n_upper": 13}, r"n_upper = 13 above c0 from features\.upper_mels = 13 filters; choose fewer"),
        ],
    )
    def test_more_coefficients_than_filters_are_refused(self, wrong, message):
        """The level is one of them."""
        with pytest.raises(ConfigError, match=message):
            whole(noise(0.2), AcousticConfig(**wrong))

    def test_silence_is_finite_and_all_frames_are_alike(self):
        """Digital silence has the floor's cepstra: a level and nothing else."""
        found = whole(np.zeros(RATE, np.float32))
        assert np.isfinite(found.values).all()
        assert_array_equal(found.values, np.broadcast_to(found.values[0], found.values.shape))
        for band, (_, n_mels, *_) in SPANS.items():
            assert_allclose(found.columns(band)[:, 0], -110 * np.sqrt(n_mels), rtol=1e-5)
            assert_allclose(found.columns(band)[:, 1:], 0, rtol=0, atol=1e-3)

    def test_gain_moves_the_level_alone(self):
        """Twenty decibels less are −20 √n_mels in c0 and u0 and nothing in any other column."""
        loud, soft = whole(noise(0.5)), whole(noise(0.5) / 10)
        moved = [{"c0": 20 * np.sqrt(30), "u0": 20 * np.sqrt(13)}.get(name, 0.0) for name in loud.names]
        assert_allclose(loud.values - soft.values - np.array(moved), 0, rtol=0, atol=1e-2)

    def test_no_sample_at_all_is_an_error(self):
        """Neither an empty stream nor a stream of nothing."""
        for blocks in ([], [np.zeros(0, np.float32)]):
            with pytest.raises(AudioError, match="no samples"):
                compute_cepstra(blocks, RATE, CONFIG)


class TestVoiceCepstra:
    """Which columns the speaker space looks at."""

    FOUND = Features(
        np.arange(10.0, dtype=np.float32).reshape(1, 10) ** 2,
        FrameGrid(16_000, 160, 400, -120, 1),
        ("c0", "c1", "c2", "c3", "c4", "u0", "u1", "u2", "u3", "tilt"),
    )
    FEW = AcousticConfig(n_mfcc=4, n_voice=2, n_upper=3)

    def test_a_telephone_has_the_coarse_ones(self):
        """Neither the level nor the finer ones."""
        assert_array_equal(select_voice_cepstra(self.FOUND, "narrow", self.FEW), [[1, 4]])

    def test_the_upper_band_comes_with_its_level_beside_the_lower(self):
        """u0 − c0, then the shape."""
        assert_array_equal(select_voice_cepstra(self.FOUND, "wide", self.FEW), [[1, 4, 25, 36, 49, 64]])

    def test_more_than_there_are_are_refused(self):
        """All four may be asked for, five not."""
        assert select_voice_cepstra(self.FOUND, "narrow", AcousticConfig(n_voice=4)).shape == (1, 4)
        with pytest.raises(ConfigError, match=r"n_voice = 5 of n_mfcc = 4 coefficients; choose fewer"):
            select_voice_cepstra(self.FOUND, "narrow", AcousticConfig(n_voice=5))

    def test_embeddings_do_not_depend_on_gain(self):
        """After normalisation: the level's share of u0 − c0 is a constant."""
        soft = whole(noise(0.5, level=0.01)), whole(noise(0.5, level=0.1))
        every = np.ones(soft[0].grid.n_frames, bool)
        one, other = (cmvn(select_voice_cepstra(each, "wide", CONFIG), every) for each in soft)
        assert_allclose(one, other, rtol=0, atol=2e-3)


class TestSlopes:
    def test_a_ramp_by_hand(self):
        """0 1 2 3 4 with one frame on either side: full slope inside, half at the ends, which repeat."""
        ramp = np.arange(5.0)[:, None]
        assert_allclose(compute_deltas(ramp, 1)[:, 0], [0.5, 1, 1, 1, 0.5], rtol=0, atol=1e-7)
        # over two frames frame 0 has (1·(1 − 0) + 2·(2 − 0)) / 10, frame 1 (1·(2 − 0) + 2·(3 − 0)) / 10
        assert_allclose(compute_deltas(ramp, 2)[:, 0], [0.5, 0.8, 1, 0.8, 0.5], rtol=0, atol=1e-7)

    def test_a_slope_is_the_least_squares_line(self):
        """Inside, what polyfit finds over the nine frames."""
        values = rows(3, 40, 2)
        for t in (4, 17, 35):
            line = np.polyfit(np.arange(-4, 5), values[t - 4 : t + 5].astype(np.float64), 1)[0]
            assert_allclose(compute_deltas(values, 4)[t], line, rtol=1e-4, atol=1e-5)

    def test_a_constant_has_no_slope(self):
        """Not even at the ends; one frame alone is a constant."""
        assert_array_equal(compute_deltas(np.full((6, 2), 3.0), 4), np.zeros((6, 2), np.float32))
        assert_array_equal(compute_deltas(np.ones((1, 2)), 4), np.zeros((1, 2), np.float32))

    def test_deltas_are_appended_and_named(self):
        """Slopes, then slopes of slopes, each column under its own name."""
        found = whole(noise(0.4))
        more = append_deltas(found, 2)
        assert more.names[27:31] == ("d1c0", "d1c1", "d1c2", "d1c3")
        assert more.names[54] == "d2c0"
        once = compute_deltas(found.values, 4)
        assert_array_equal(more.values, np.hstack((found.values, once, compute_deltas(once, 4))))
        assert append_deltas(found, 0).names == found.names


class TestNormalisation:
    def test_cmvn_leaves_mean_zero_and_deviation_one_on_the_used_frames(self):
        """Frames that are not used are moved along and do not count."""
        values, used = rows(0), np.arange(200) % 3 > 0
        values[~used] += 1000
        scaled = cmvn(values, used)
        assert_allclose(scaled[used].mean(axis=0), 0, rtol=0, atol=1e-4)
        assert_allclose(scaled[used].std(axis=0), 1, rtol=1e-4)
        assert scaled[~used].min() > 10

    def test_cmvn_of_a_long_recording_goes_in_parts(self, monkeypatch):
        """Sums of parts, one of them without a used frame, are the sum."""
        values, used = rows(6), np.arange(200) % 3 > 0
        used[70:80] = False
        whole = cmvn(values, used)
        monkeypatch.setattr("diarize.features.normalize.BATCH_SIZE", 7)
        assert_allclose(cmvn(values, used), whole, rtol=0, atol=1e-6)

    @LAW
    @given(seed=st.integers(0, 1000), shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
    def test_channel_and_gain_leave_no_trace(self, seed, shift, scale):
        """A constant added to, or a factor on, a coefficient changes nothing: a channel is the first."""
        values, used = rows(seed), np.ones(200, bool)
        assert_allclose(cmvn(scale * values + shift, used), cmvn(values, used), rtol=0, atol=2e-3)
        assert_allclose(sliding_cmvn(scale * values + shift, 30), sliding_cmvn(values, 30), rtol=0, atol=2e-2)

    def test_a_constant_coefficient_becomes_zero(self):
        """Nothing is divided by nothing."""
        values = np.full((50, 2), 7.0, np.float32)
        for scaled in (cmvn(values, np.ones(50, bool)), sliding_cmvn(values, 9), warp_features(values, 9)):
            assert_allclose(scaled, 0, rtol=0, atol=1e-6)

    def test_nothing_used_means_all_used(self):
        """A recording without speech is normalised over all of it."""
        values = rows(5)
        assert_array_equal(cmvn(values, np.zeros(200, bool)), cmvn(values, np.ones(200, bool)))

    @pytest.mark.parametrize("width", [1, 2, 15, 40, 1000])
    def test_sliding_is_the_slow_loop(self, width):
        """Mean and deviation over the frames around each, cut at the ends."""
        values, wanted = rows(1, 120).astype(np.float64), np.empty((120, 3))
        for t in range(120):
            around = values[max(0, t - width // 2) : min(120, t + width - width // 2)]
            wanted[t] = (values[t] - around.mean(axis=0)) / np.maximum(around.std(axis=0), 1e-3)
        assert_allclose(sliding_cmvn(values.astype(np.float32), width), wanted, rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("width", [1, 2, 15, 40, 1000])
    def test_warping_is_ranks_through_the_normal_quantile(self, width):
        """Average ranks by scipy, among the frames around each; rounding makes ties."""
        values, wanted = np.round(rows(2, 120)), np.empty((120, 3))
        for t in range(120):
            low = max(0, t - width // 2)
            around = values[low : min(120, t + width - width // 2)]
            wanted[t] = ndtri((rankdata(around, axis=0)[t - low] - 0.5) / len(around))
        assert_allclose(warp_features(values, width), wanted, rtol=1e-5, atol=1e-6)

    def test_warping_sees_only_order(self):
        """Any rising function of a coefficient warps to the same numbers."""
        values = rows(4, 80)
        assert_array_equal(warp_features(np.arctan(values / 10), 31), warp_features(values, 31))

    @pytest.mark.parametrize("method", ["sliding", "warping"])
    def test_moving_windows_move_over_speech_only(self, method):
        """Pauses between, however long and loud, do not change what speech becomes."""
        speech = rows(6, 150)
        used = np.zeros(400, bool)
        used[50:100] = used[200:300] = True
        values = np.full((400, 3), 500.0, np.float32)
        values[used] = speech
        config = AcousticConfig(normalization=method, sliding_window=0.4)
        alone = {"sliding": sliding_cmvn, "warping": warp_features}[method](speech, 40)
        assert_array_equal(normalize_features(values, used, 100.0, config)[used], alone)

    def test_a_moving_window_has_one_frame_at_least(self):
        """A tenth of a second, of frames of one: each is its own mean."""
        values, used = rows(6, 30), np.ones(30, bool)
        config = AcousticConfig(normalization="sliding", sliding_window=0.1)
        assert_allclose(normalize_features(values, used, 1.0, config), 0, rtol=0, atol=1e-9)

    def test_a_large_constant_costs_no_digits(self):
        """Whole numbers, and the same a million higher, in single precision."""
        values = np.random.default_rng(0).integers(-9, 10, (400, 2)).astype(np.float32)
        assert_allclose(sliding_cmvn(values + 2**20, 15), sliding_cmvn(values, 15), rtol=0, atol=1e-4)

    def test_the_setting_decides(self):
        """Over the recording, not at all, or an error for a name that is none."""
        values, used = rows(7), np.ones(200, bool)
        assert_array_equal(normalize_features(values, used, 100.0, AcousticConfig()), cmvn(values, used))
        untouched = normalize_features(values, used, 100.0, AcousticConfig(normalization="none"))
        assert_array_equal(untouched, values)
        with pytest.raises(ConfigError, match=r"'loudness'.*features\.normalization"):
            normalize_features(values, used, 100.0, AcousticConfig(normalization="loudness"))


class TestBand:
    @pytest.mark.parametrize("level", [0.3, 0.003])
    def test_noise_over_the_whole_band_is_wide(self, level):
        """At any usual level."""
        assert band_of(noise(3.0, level=level)) == "wide"

    @pytest.mark.parametrize("level", [0.3, 0.003])
    def test_noise_up_to_a_telephones_edge_is_narrow(self, level):
        """The header says 16 kHz; nothing is above 3.4 kHz."""
        low = butter(12, 3400, fs=RATE, output="sos")
        samples = sosfiltfilt(low, noise(3.0, level=level)).astype(np.float32)
        assert band_of(samples) == "narrow"

    def test_eight_kilohertz_resampled_is_narrow(self):
        """A call that somebody saved at 16 kHz stays a call."""
        call = np.random.default_rng(2).standard_normal(24_000).astype(np.float32) * 0.1
        samples = librosa.resample(call, orig_sr=8_000, target_sr=RATE, res_type="soxr_hq")
        assert band_of(samples) == "narrow"

    @pytest.mark.parametrize(("hisses", "band"), [(12, "wide"), (1, "narrow")])
    def test_some_fricatives_are_enough_to_be_wide_and_a_click_is_not(self, hisses, band):
        """Vowels have nothing above 4 kHz either: a tenth of the loud frames decides."""
        low = butter(12, 3400, fs=RATE, output="sos")
        samples = sosfiltfilt(low, noise(12.0)).astype(np.float32)
        for start in RATE * np.arange(hisses):
            samples[start : start + RATE // 12] = noise(1.0, seed=9)[: RATE // 12]
        assert band_of(samples) == band


class TestClear:
    """Which frames of speech tell voices apart."""

    GRID = FrameGrid(16_000, 160, 400, -120, 10)

    def of(self, level, speech):
        """Of frames with this loudness and another coefficient that must not matter."""
        values = np.column_stack((level, -np.asarray(level, dtype=float))).astype(np.float32)
        return loud_frames(Features(values, self.GRID, ("c0", "c1")), np.asarray(speech, dtype=bool))

    def test_the_quietest_fifth_is_left_out(self):
        """Two of ten frames of speech, wherever they are."""
        level = np.array([5, 1, 7, 8, 0, 6, 9, 4, 3, 2.0])
        assert_array_equal(self.of(level, np.ones(10)), level >= 2)

    def test_pauses_do_not_count(self):
        """Louder or quieter, they are neither clear nor change what is."""
        speech = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
        for pause in (-50.0, 50.0):
            found = self.of([3, 2, 1, 5, 4, *[pause] * 5], speech)
            assert_array_equal(found, [1, 1, 0, 1, 1, 0, 0, 0, 0, 0])

    def test_loudness_as_a_whole_does_not_matter(self):
        """A gain adds a constant to c0."""
        level = np.random.default_rng(0).normal(size=10)
        assert_array_equal(self.of(level, np.ones(10)), self.of(level + 30, np.ones(10)))

    def test_equal_frames_are_all_clear(self):
        """None is quieter than the others; and where there is no speech, none is clear."""
        assert self.of(np.zeros(10), np.ones(10)).all()
        assert not self.of(np.zeros(10), np.zeros(10)).any()


class TestLoudOutside:
    """Sound as loud as speech that was not taken for speech."""

    @staticmethod
    def features(levels):
        """Frames of one filter at those levels in dB, a hundred to a second."""
        grid = FrameGrid(16_000, 160, 400, 0, len(levels))
        return Features(np.array(levels, np.float32)[:, None], grid, ("c0",))

    def test_only_what_is_as_loud_as_the_louder_half_of_speech_counts(self):
        levels = [-30.0] * 200 + [-20.0] * 200 + [-19.0] * 300 + [-40.0] * 300
        speech = np.arange(1000) < 400
        assert loud_outside(self.features(levels), speech, 1) == pytest.approx(3.0)

    @pytest.mark.parametrize(("n_loud", "counted"), [(45, 1000), (55, 55)])
    def test_without_speech_the_loudest_twentieth_is_the_measure(self, n_loud, counted):
        """Frames 15 dB lower count if fewer than a twentieth are louder."""
        levels = [0.0] * n_loud + [-15.0] * (1000 - n_loud)
        assert loud_outside(self.features(levels), np.zeros(1000, bool), 1) == pytest.approx(counted / 100)

    def test_without_speech_nearly_the_loudest_counts_and_silence_does_not(self):
        levels = [-12.0] * 500 + [-20.0] * 200 + [-30.0] * 300
        none = np.zeros(1000, bool)
        assert loud_outside(self.features(levels), none, 1) == pytest.approx(7.0)
        assert loud_outside(self.features([-100.0] * 1000), none, 1) == 0.0
