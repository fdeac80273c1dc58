"""Made-up conversations: their truth is exact and every setting does what it says."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from diarize import intervals
from diarize.errors import AudioError, ConfigError
from diarize.synth import (
    SynthConfig,
    plan_conversation,
    plan_dialogue,
    simulate_conversation,
    synthesize_music,
    synthesize_voices,
)
from diarize.synth.acoustics import compand, impulse_response
from diarize.synth.phrases import MAX_PAUSE_IN_TURN, MIN_PAUSE, speech_runs, split_phrases
from diarize.synth.script import plan_script
from diarize.types import Waveform

RATE = 16_000
VOICES = synthesize_voices(3, 14.0, seed=5)
DRY = SynthConfig(duration=60.0, snr=inf, gain_spread=0.0)


def rms_level(samples):
    """RMS in dB."""
    return 20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-20)


def mask_of(annotation, n, rate=RATE, speaker=None):
    """Bool (n,): samples in which somebody (or one speaker) speaks."""
    mask = np.zeros(n, dtype=bool)
    for start, end in annotation.intervals(speaker):
        mask[round(start * rate) : round(end * rate)] = True
    return mask


def band_level(samples, low, high, rate=RATE):
    """Mean power in dB of the frequencies from low to high."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(samples.size, 1 / rate)
    return 10 * np.log10(power[(frequencies >= low) & (frequencies < high)].mean() + 1e-20)


class TestSameAnswerTwice:
    def test_same_seed_same_bits(self):
        config = SynthConfig(duration=20.0, rt60=0.3, noise="babble", mu_law=True)
        (one, truth), (two, again) = (simulate_conversation(VOICES, config, seed=3) for _ in range(2))
        assert one.samples.tobytes() == two.samples.tobytes()
        assert truth == again

    def test_another_seed_is_another_conversation(self):
        (one, truth), (two, other) = (simulate_conversation(VOICES, DRY, seed=s) for s in (1, 2))
        assert truth != other
        assert not np.array_equal(one.samples, two.samples)

    def test_order_of_the_voices_does_not_matter(self):
        turned = dict(reversed(VOICES.items()))
        assert (
            simulate_conversation(VOICES, DRY)[0].samples.tobytes()
            == simulate_conversation(turned, DRY)[0].samples.tobytes()
        )

    @pytest.mark.parametrize("seconds", [0.37, 7.0, 100.0])
    def test_blocks_are_the_whole(self, seconds):
        planned = plan_conversation(VOICES, replace(DRY, rt60=0.5, snr=20.0, duration=31.3), seed=4)
        blocks = [block.samples for block in planned.blocks(seconds)]
        assert np.concatenate(blocks).tobytes() == planned.waveform().samples.tobytes()

    def test_speakers_alone_are_the_whole(self):
        """Their sum is the sound, and each speaks in his own turns only."""
        planned = plan_conversation(VOICES, DRY, seed=4)
        alone = {name: planned.extract_speaker(name) for name in planned.annotation.speakers}
        sounds = {name: each.waveform().samples for name, each in alone.items()}
        np.testing.assert_allclose(sum(sounds.values()), planned.waveform().samples, atol=1e-6)
        for name, each in alone.items():
            assert each.annotation.speakers == (name,)
            speech = mask_of(planned.annotation, sounds[name].size, speaker=name)
            near = np.convolve(speech, np.ones(2 * 160 + 1), "same") > 0.5
            assert not (np.abs(sounds[name][~near]) > 1e-3).any()

    def test_a_speaker_alone_has_no_noise(self):
        planned = plan_conversation(VOICES, replace(DRY, snr=5.0), seed=4)
        alone = planned.extract_speaker(planned.annotation.speakers[0])
        speech = mask_of(alone.annotation, alone.waveform().samples.size)
        near = np.convolve(speech, np.ones(2 * 160 + 1), "same") > 0.5
        assert (np.abs(alone.waveform().samples[~near]) < 1e-3).all()


class TestTruth:
    @pytest.mark.parametrize("seed", range(4))
    def test_sound_is_where_the_truth_says(self, seed):
        waveform, truth = simulate_conversation(VOICES, DRY, seed=seed)
        loud = np.abs(waveform.samples) > 1e-3
        speech = mask_of(truth, loud.size)
        near = np.convolve(speech, np.ones(2 * 160 + 1), "same") > 0.5
        assert not (loud & ~near).any()
        for turn in truth.turns:
            for edge in (turn.start, turn.end):
                around = loud[max(0, round((edge - 0.02) * RATE)) : round((edge + 0.02) * RATE)]
                assert around.any()

    def test_pauses_over_the_bridge_are_marked_and_shorter_ones_not(self):
        _, truth = simulate_conversation(VOICES, replace(DRY, duration=120.0), seed=1)
        for speaker in truth.speakers:
            rows = truth.intervals(speaker)
            assert (rows[1:, 0] - rows[:-1, 1]).min() > MAX_PAUSE_IN_TURN

    def test_room_and_noise_leave_the_truth_alone(self):
        wet = replace(DRY, rt60=0.6, snr=10.0, noise="white", low_cut=300.0, high_cut=3400.0, mu_law=True)
        assert simulate_conversation(VOICES, DRY, seed=9)[1] == simulate_conversation(VOICES, wet, seed=9)[1]

    def test_a_band_pass_delays_nothing(self):
        dry, _ = simulate_conversation(VOICES, DRY, seed=2)
        filtered, _ = simulate_conversation(VOICES, replace(DRY, low_cut=100.0), seed=2)
        lags = np.arange(-5, 6)
        likeness = [np.dot(np.roll(filtered.samples, lag), dry.samples) for lag in lags]
        assert lags[np.argmax(likeness)] == 0

    def test_names_and_recording_are_kept(self):
        waveform, truth = simulate_conversation(VOICES, DRY, recording="tea")
        assert waveform.recording == truth.recording == "tea"
        assert set(truth.speakers) == set(VOICES)

    @given(seed=st.integers(0, 2**32), duration=st.floats(3.0, 40.0), overlap=st.floats(0.0, 1.0))
    @settings(max_examples=25, deadline=None)
    def test_every_turn_ends_within_the_duration(self, seed, duration, overlap):
        config = replace(DRY, duration=duration, overlap_probability=overlap)
        waveform, truth = simulate_conversation(VOICES, config, seed)
        assert waveform.samples.size == round(duration * RATE)
        assert all(turn.end <= waveform.duration for turn in truth.turns)


class TestPhrases:
    def test_runs_are_the_bursts_and_a_short_pause_is_no_cut(self):
        tone = np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)
        for start, end in ((0.0, 0.5), (1.0, 1.1), (2.0, 2.4), (3.0, 4.0)):
            tone[round(start * RATE) : round(end * RATE)] = 0
        found = speech_runs(tone, RATE) / RATE
        np.testing.assert_allclose(found, [[0.5, 2.0], [2.4, 3.0]], rtol=0, atol=0.01)

    def test_little_speech_in_a_long_recording_is_found(self):
        hiss = 1e-4 * np.random.default_rng(0).standard_normal(60 * RATE)
        hiss[20 * RATE : 21 * RATE] += 0.1 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
        np.testing.assert_allclose(speech_runs(hiss, RATE) / RATE, [[20, 21]], rtol=0, atol=0.02)

    def test_clicks_rumble_and_silence_are_no_speech(self):
        samples = np.zeros(2 * RATE)
        assert len(speech_runs(samples, RATE)) == 0
        assert len(speech_runs(samples[:10], RATE)) == 0
        samples[RATE // 2 : RATE] = np.sin(2 * np.pi * 300 * np.arange(RATE // 2) / RATE)
        rumble = 0.5 * np.sin(2 * np.pi * 20 * np.arange(2 * RATE) / RATE)
        samples[RATE + RATE // 2 : RATE + RATE // 2 + 40] = 0.5
        np.testing.assert_allclose(
            speech_runs(samples + rumble, RATE) / RATE, [[0.5, 1.0]], rtol=0, atol=0.011
        )

    def test_neighbours_give_back_the_recording(self):
        (voice,) = VOICES["voice_00"]
        noisy = voice.samples + 1e-4 * np.random.default_rng(0).standard_normal(voice.samples.size)
        said = split_phrases(noisy, RATE)
        together, clock = np.zeros(noisy.size + RATE), int(speech_runs(noisy, RATE)[0, 0])
        first = clock
        for phrase in said:
            together[clock - phrase.lead : clock - phrase.lead + phrase.cell.size] += phrase.cell
            clock += phrase.length + (phrase.gap or 0)
        assert len(said) > 5
        np.testing.assert_allclose(together[first:clock], noisy[first:clock], rtol=0, atol=1e-6)

    def test_cuts_are_in_pauses_only(self):
        gaps = [p.gap for p in split_phrases(VOICES["voice_01"][0].samples, RATE) if p.gap is not None]
        assert min(gaps) >= MIN_PAUSE * RATE

    def test_phrases_far_apart_are_not_said_in_one_breath(self):
        tone = 0.1 * np.sin(2 * np.pi * 300 * np.arange(5 * RATE) / RATE)
        tone[RATE : round(1.5 * RATE)] = tone[2 * RATE : 4 * RATE] = 0
        gaps = [phrase.gap for phrase in split_phrases(tone, RATE)]
        assert gaps[0] == pytest.approx(0.5 * RATE, abs=0.03 * RATE)
        assert gaps[1:] == [None, None]

    def test_a_short_voice_is_said_through_before_anything_comes_again(self):
        said = split_phrases(VOICES["voice_02"][0].samples, RATE)
        lines = plan_script([said], replace(DRY, duration=200.0), np.random.default_rng(0))
        counts = np.bincount([line.phrase for line in lines], minlength=len(said))
        assert counts.max() > 5
        assert np.ptp(counts) <= 1

    def test_said_again_in_another_order(self):
        said = split_phrases(VOICES["voice_02"][0].samples, RATE)
        order = [x.phrase for x in plan_script([said], replace(DRY, duration=60.0), np.random.default_rng(0))]
        assert sorted(order[: len(said)]) == sorted(order[len(said) : 2 * len(said)])
        assert order[: len(said)] != order[len(said) : 2 * len(said)]


class TestTalk:
    def test_no_overlap_when_none_is_asked_for(self):
        for seed in range(5):
            _, truth = simulate_conversation(VOICES, replace(DRY, overlap_probability=0.0), seed)
            for a, b in combinations(truth.speakers, 2):
                assert len(intervals.intersect(truth.intervals(a), truth.intervals(b))) == 0

    def test_overlap_grows_with_its_probability(self):
        shares = []
        for probability in (0.0, 0.3, 1.0):
            config = replace(DRY, duration=300.0, overlap_probability=probability)
            _, truth = simulate_conversation(VOICES, config, seed=1)
            talk = sum(turn.duration for turn in truth.turns)
            shares.append(talk - intervals.duration(truth.intervals()))
        assert shares[0] == pytest.approx(0, abs=1e-9)
        assert shares[0] + 1 < shares[1] < shares[2] / 1.5

    def test_nobody_talks_over_oneself(self):
        config = replace(DRY, duration=300.0, overlap_probability=1.0, overlap_mean=5.0, turn_median=0.5)
        cast = [split_phrases(voice[0].samples, RATE) for voice in VOICES.values()]
        for seed in range(3):
            lines = plan_script(cast, config, np.random.default_rng(seed))
            for speaker in range(3):
                own = sorted((x.onset, x.onset + x.length) for x in lines if x.speaker == speaker)
                assert all(a[1] <= b[0] for a, b in pairwise(own))

    def test_a_high_concentration_gives_equal_shares(self):
        config = replace(DRY, duration=600.0, share_concentration=1e6)
        _, truth = simulate_conversation(VOICES, config, seed=0)
        talk = np.array([intervals.duration(truth.intervals(s)) for s in truth.speakers])
        np.testing.assert_allclose(talk / talk.sum(), 1 / 3, rtol=0, atol=0.03)

    def test_a_low_concentration_gives_unequal_shares_but_none_is_left_out(self):
        voices = synthesize_voices(5, 8.0, seed=1)
        config = replace(DRY, duration=300.0, share_concentration=0.1, least_share=0.3)
        spreads = []
        for seed in range(6):
            lines = plan_conversation(voices, config, seed).annotation
            talk = np.array([intervals.duration(lines.intervals(s)) for s in voices])
            assert talk.min() > 0.3 / 5 * talk.sum() * 0.4
            spreads.append(talk.max() / talk.min())
        assert np.median(spreads) > 3

    def test_turns_and_pauses_follow_their_lengths(self):
        short, long = (replace(DRY, duration=300.0, turn_median=t, turn_spread=0.1) for t in (1.0, 8.0))
        counts = [changes(plan_conversation(VOICES, config, 0).annotation) for config in (short, long)]
        assert counts[0] > 3 * counts[1]
        tight, slack = (
            replace(DRY, duration=300.0, pause_mean=p, overlap_probability=0.0) for p in (0.1, 3.0)
        )
        speech = [
            intervals.duration(plan_conversation(VOICES, c, 0).annotation.intervals()) for c in (tight, slack)
        ]
        assert speech[0] > 1.5 * speech[1]

    def test_one_voice_talks_alone(self):
        _, truth = simulate_conversation({"ann": VOICES["voice_00"]}, DRY)
        assert truth.speakers == ("ann",)
        assert len(truth.turns) > 5

    @pytest.mark.parametrize("seed", range(4))
    def test_without_repeats_everything_is_said_once(self, seed):
        """Where there is time, all of it, and then there is silence."""
        config = replace(DRY, duration=300.0, overlap_probability=0.0, repeat=False)
        planned = plan_conversation(VOICES, config, seed)
        assert sorted(planned.which) == list(range(len(planned.cells)))
        spoken = sum(
            p.length for voice in VOICES.values() for each in voice for p in split_phrases(each.samples, RATE)
        )
        heard = intervals.duration(planned.annotation.intervals())
        assert spoken / RATE <= heard < 1.5 * spoken / RATE
        again = plan_conversation(VOICES, replace(config, repeat=True), seed)
        assert len(again.which) > 2 * len(planned.which)

    @pytest.mark.parametrize("seed", range(4))
    def test_repeats_matter_only_once_all_has_been_said(self, seed):
        """A talk too short for that is the same with and without."""
        once, again = (
            plan_conversation(VOICES, replace(DRY, duration=8.0, repeat=r), seed) for r in (False, True)
        )
        assert once.annotation == again.annotation
        assert_array_equal(once.which, again.which)

    def test_a_speaker_without_further_phrases_is_silent(self):
        """One speaker with little to say, and one who goes on."""
        brief = synthesize_voices(1, 2.0, seed=1)["voice_00"]
        config = replace(DRY, overlap_probability=0.0, repeat=False)
        truth = plan_conversation({"brief": brief, "long": VOICES["voice_00"]}, config, 0).annotation
        said = intervals.duration(truth.intervals("brief"))
        assert said <= sum(each.duration for each in brief) + 1.0
        assert truth.turns[-1].speaker == "long"
        assert intervals.duration(truth.intervals("long")) > 3 * said


class TestSound:
    def test_speech_has_the_level(self):
        for level in (-26.0, -50.0):
            planned = plan_conversation(VOICES, replace(DRY, level=level, overlap_probability=0.0), seed=0)
            samples = planned.waveform().samples
            assert rms_level(samples[mask_of(planned.annotation, samples.size)]) == pytest.approx(
                level, abs=1.5
            )

    def test_gains_spread_the_speakers(self):
        config = replace(DRY, gain_spread=10.0, overlap_probability=0.0, level=-50.0)
        waveform, truth = simulate_conversation(VOICES, config, seed=0)
        levels = [rms_level(waveform.samples[mask_of(truth, waveform.samples.size, RATE, s)]) for s in VOICES]
        assert np.ptp(levels) > 5

    def test_full_scale_is_never_left(self):
        waveform, _ = simulate_conversation(VOICES, replace(DRY, level=0.0, gain_spread=10.0), seed=0)
        assert np.abs(waveform.samples).max() == 1.0

    @pytest.mark.parametrize("noise", ["white", "pink", "babble"])
    def test_noise_is_under_the_level_by_the_ratio(self, noise):
        config = replace(DRY, snr=15.0, noise=noise)
        noisy, quiet = (simulate_conversation(VOICES, c, seed=0)[0].samples for c in (config, DRY))
        assert rms_level(noisy - quiet) == pytest.approx(-26 - 15, abs=0.1)

    def test_noises_have_their_colours(self):
        quiet = simulate_conversation(VOICES, DRY, seed=0)[0].samples
        slope = {}
        for noise in ("white", "pink", "babble"):
            only = (
                simulate_conversation(VOICES, replace(DRY, snr=15.0, noise=noise), seed=0)[0].samples - quiet
            )
            slope[noise] = band_level(only, 400, 500) - band_level(only, 4000, 5000)
        assert slope["white"] == pytest.approx(0, abs=1)
        assert slope["pink"] == pytest.approx(10, abs=1)
        speech = band_level(quiet, 400, 500) - band_level(quiet, 4000, 5000)
        assert slope["babble"] == pytest.approx(speech, abs=6)

    def test_babble_beats_and_white_noise_does_not(self):
        quiet = simulate_conversation(VOICES, DRY, seed=0)[0].samples
        swell = {}
        for noise in ("white", "babble"):
            only = (
                simulate_conversation(VOICES, replace(DRY, snr=15.0, noise=noise), seed=0)[0].samples - quiet
            )
            energy = np.square(only[: 59 * RATE]).reshape(-1, RATE // 20).mean(axis=1)
            swell[noise] = energy.std() / energy.mean()
        assert swell["babble"] > 3 * swell["white"]

    def test_a_telephone_band_is_empty_outside(self):
        config = replace(DRY, snr=20.0, noise="white", low_cut=300.0, high_cut=3400.0)
        samples = simulate_conversation(VOICES, config, seed=0)[0].samples
        inside = band_level(samples, 500, 3000)
        assert inside - band_level(samples, 3800, 8000) > 40
        assert inside - band_level(samples, 0, 150) > 20

    def test_a_telephone_at_its_own_rate(self):
        config = replace(DRY, rate=8_000, low_cut=300.0, high_cut=3400.0, mu_law=True)
        waveform, truth = simulate_conversation(VOICES, config, seed=0)
        assert (waveform.rate, waveform.duration) == (8_000, 60.0)
        assert np.unique(waveform.samples).size <= 255
        samples = waveform.samples
        assert rms_level(samples[mask_of(truth, samples.size, 8_000)]) == pytest.approx(-26, abs=2)

    def test_mu_law_is_finer_where_it_is_quiet(self):
        quiet, loud = np.linspace(0, 0.01, 1001), np.linspace(0.9, 1, 1001)
        errors = [np.abs(compand(x) - x).max() for x in (quiet, loud)]
        assert errors[0] < 0.0005
        assert 0.01 < errors[1] < 0.025
        np.testing.assert_array_equal(compand(np.array([-1.0, 0.0, 1.0])), [-1, 0, 1])


class TestRoom:
    def test_reverberation_decays_by_sixty_decibels_in_its_time(self):
        config = replace(DRY, rt60=0.5, direct_to_reverberant=0.0, distance_spread=0.0)
        response, direct = impulse_response(config, (), np.random.default_rng(0))
        tail = np.cumsum(np.square(response[direct + 200 :])[::-1])[::-1]
        fall = 10 * np.log10(tail[round(0.1 * RATE)] / tail[round(0.3 * RATE)])
        assert fall == pytest.approx(60 * 0.2 / 0.5, abs=2)

    def test_direct_to_reverberant_ratio(self):
        for ratio in (0.0, 10.0):
            config = replace(DRY, rt60=0.5, direct_to_reverberant=ratio, distance_spread=0.0)
            response, direct = impulse_response(config, (), np.random.default_rng(0))
            tail = np.sum(np.square(np.delete(response, direct)))
            assert 10 * np.log10(response[direct] ** 2 / tail) == pytest.approx(ratio, abs=0.01)

    def test_a_measured_room_that_only_delays_changes_nothing(self):
        response = np.zeros(4000, dtype=np.float32)
        response[321] = -0.5
        room = Waveform(response, RATE, "delay")
        dry, wet = (simulate_conversation(VOICES, DRY, seed=0, rooms=r)[0].samples for r in ((), (room,)))
        np.testing.assert_allclose(-wet, dry, rtol=0, atol=1e-6)

    def test_a_measured_echo_is_at_its_measured_time(self):
        response = np.zeros(8000, dtype=np.float32)
        response[[100, 100 + 4000]] = 1.0, 0.5
        room = Waveform(response, RATE, "echo")
        config = replace(DRY, duration=30.0)
        dry, wet = (simulate_conversation(VOICES, config, seed=0, rooms=r)[0].samples for r in ((), (room,)))
        expected = dry + 0.5 * np.concatenate((np.zeros(4000, np.float32), dry[:-4000]))
        gain = np.dot(wet, expected) / np.dot(expected, expected)
        assert np.corrcoef(wet, expected)[0, 1] > 0.98
        assert gain == pytest.approx(1 / np.sqrt(1.25), abs=0.1)


def changes(annotation):
    """How often the next turn is another speaker's."""
    return sum(a.speaker != b.speaker for a, b in pairwise(annotation.turns))


class TestVoices:
    def test_voices_of_any_rate_mix(self):
        eight = synthesize_voices(1, 5.0, rate=8_000)["voice_00"]
        fast = synthesize_voices(1, 5.0, rate=44_100)["voice_00"]
        waveform, truth = simulate_conversation({"a": eight, "b": fast}, DRY)
        assert waveform.rate == RATE
        assert set(truth.speakers) == {"a", "b"}

    def test_voices_of_another_rate_keep_their_pitch(self):
        for rate in (8_000, 16_000, 44_100):
            voice = synthesize_voices(1, 5.0, rate=rate, seed=1)["voice_00"]
            waveform, _ = simulate_conversation({"a": voice}, replace(DRY, duration=20.0))
            assert pitch_of(waveform.samples) == pytest.approx(149, abs=12)

    def test_pitches_differ_and_names_count(self):
        voices = synthesize_voices(4, 5.0, seed=2)
        assert list(voices) == [f"voice_{i:02d}" for i in range(4)]
        pitches = [pitch_of(v[0].samples) for v in voices.values()]
        assert pitches == sorted(pitches)
        assert pitches[3] > 1.8 * pitches[0]

    def test_voices_of_one_pitch_and_length_have_vowels_of_their_own(self):
        """Spectra of halves of a voice are more alike than those of two voices, whoever they are."""
        voices = [synthesize_voices(1, 40.0, seed=s)["voice_00"][0].samples for s in range(6)]
        halves = np.array([[spectrum_of(half) for half in np.array_split(v, 2)] for v in voices])
        away = np.abs(halves[:, None, 0] - halves[None, :, 1]).mean(axis=-1)  # dB, voice against voice
        assert (away.diagonal() * 2 < (away + 100 * np.eye(6)).min(axis=1)).all()

    def test_vowels_are_seeded(self):
        assert np.array_equal(
            synthesize_voices(2, 3.0)["voice_01"][0].samples, synthesize_voices(2, 3.0)["voice_01"][0].samples
        )
        one, two = (synthesize_voices(2, 3.0, seed=s)["voice_01"][0].samples for s in (0, 1))
        assert not np.array_equal(one, two)


class TestMusic:
    def test_music_is_seeded(self):
        """The same seed is the same piece to the bit, another is another."""
        one, again, other = (synthesize_music(4.0, RATE, seed).samples for seed in (1, 1, 2))
        assert np.array_equal(one, again)
        assert not np.array_equal(one, other)

    @pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
    def test_length_and_peak(self, rate):
        """To the sample, heard, and under full scale, at any rate."""
        for seed in range(3):
            piece = synthesize_music(2.5, rate, seed)
            assert (piece.rate, piece.samples.dtype, piece.samples.size) == (rate, np.float32, 2.5 * rate)
            assert 0.03 < np.abs(piece.samples).max() < 0.51

    @pytest.mark.slow
    def test_pieces_are_not_of_one_kind(self):
        """Of twenty, some cross zero four times as often as others, and some beat where others hold."""
        pieces = [synthesize_music(5.0, RATE, seed).samples for seed in range(20)]
        crossings = [np.mean(np.diff(np.signbit(each))) for each in pieces]
        levels = [np.square(each[: 50 * 1600]).reshape(-1, 1600).mean(axis=1) for each in pieces]
        swings = [np.log(np.percentile(level, 95) / np.percentile(level, 5)) for level in levels]
        assert max(crossings) > 4 * min(crossings)
        assert max(swings) > 3 * min(swings)

    @pytest.mark.parametrize(("seconds", "rate"), [(0.5, 16_000), (2.0, 4_000)])
    def test_what_is_too_little_is_refused(self, seconds, rate):
        """In one line."""
        with pytest.raises(ConfigError, match="at least 1 s and 8000 Hz"):
            synthesize_music(seconds, rate, 0)


def pitch_of(samples):
    """Median over frames of the strongest autocorrelation between 60 and 400 Hz."""
    found = []
    for start in range(0, samples.size - 1600, 1600):
        frame = samples[start : start + 1600]
        if np.abs(frame).max() > 0.05:
            likeness = np.correlate(frame, frame, "full")[1599:]
            found.append(RATE / (40 + np.argmax(likeness[40:266])))
    return float(np.median(found))


def spectrum_of(samples):
    """Mean power in 250 Hz, dB, from 250 to 7000 Hz."""
    frames = samples[: samples.size // 512 * 512].reshape(-1, 512)
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(512), axis=1))).mean(axis=0)
    return 10 * np.log10(power[8:224].reshape(-1, 8).mean(axis=1))


class TestErrors:
    def test_no_voice(self):
        with pytest.raises(AudioError, match="at least one voice"):
            simulate_conversation({}, DRY)

    def test_a_silent_voice_is_named(self):
        silent = Waveform(np.zeros(RATE), RATE)
        with pytest.raises(AudioError, match="no speech found in the recordings of voice mute"):
            simulate_conversation({**VOICES, "mute": [silent]}, DRY)

    def test_too_short_for_any_phrase(self):
        with pytest.raises(AudioError, match=r"fits into 0\.2 s"):
            simulate_conversation(VOICES, replace(DRY, duration=0.2))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("duration", 0.0),
            ("duration", float("nan")),
            ("rate", 4000),
            ("overlap_probability", 1.5),
            ("pause_mean", -1.0),
            ("level", 3.0),
            ("noise", "brown"),
            ("low_cut", 9000.0),
        ],
    )
    def test_settings_out_of_range_are_named(self, field, value):
        with pytest.raises(ConfigError, match=field):
            replace(DRY, **{field: value})

    def test_no_voice_can_be_made_of_nothing(self):
        with pytest.raises(ConfigError, match="0 voices"):
            synthesize_voices(0)


class TestDialogue:
    def turns(self, *plan):
        """Bursts of a tone: who, how long, how long after."""
        return [
            (who, Waveform(np.pad(0.1 * np.sin(0.2 * np.arange(round(s * RATE))), 4000), RATE), after)
            for who, s, after in plan
        ]

    def test_turns_are_where_they_were_put(self):
        turns = self.turns(("b", 1.0, 0.5), ("a", 2.0, -0.25), ("b", 0.5, 0.1), ("a", 1.0, 0.0))
        planned = plan_dialogue(turns, replace(DRY, duration=6.0), recording="play")
        found = planned.annotation.turns
        assert [turn.speaker for turn in found] == ["b", "a", "b", "a"]
        starts = [0.5, found[0].end - 0.25, found[1].end + 0.1, found[2].end]
        np.testing.assert_allclose([turn.start for turn in found], starts, rtol=0, atol=1.5 / RATE)
        np.testing.assert_allclose([turn.duration for turn in found], [1, 2, 0.5, 1], rtol=0, atol=0.02)
        assert planned.waveform().recording == planned.annotation.recording == "play"
        loud = np.abs(planned.waveform().samples) > 1e-3
        assert not loud[: round(0.48 * RATE)].any()
        assert loud[round(0.52 * RATE) : round(4.83 * RATE)].mean() > 0.9 * (4.85 - 0.6) / 4.31

    def test_pauses_inside_a_turn_stay_however_long(self):
        sound = 0.1 * np.sin(0.2 * np.arange(4 * RATE))
        sound[RATE : round(2.5 * RATE)] = 0
        planned = plan_dialogue([("a", Waveform(sound, RATE), 1.0)], replace(DRY, duration=6.0))
        np.testing.assert_allclose(
            planned.annotation.intervals(), [[1.0, 2.0], [3.5, 5.0]], rtol=0, atol=0.011
        )

    @pytest.mark.parametrize(
        ("plan", "message"),
        [
            ([("a", 1.0, 0.0), ("a", 1.0, -0.5)], "before the same speaker has ended"),
            ([("a", 1.0, -0.5)], "before the same speaker has ended"),
            ([("a", 7.0, 0.0)], r"7\.0 s of dialogue in 6 s"),
            ([], r"0\.0 s of dialogue"),
        ],
    )
    def test_turns_that_cannot_be(self, plan, message):
        with pytest.raises(AudioError, match=message):
            plan_dialogue(self.turns(*plan), replace(DRY, duration=6.0))

    def test_a_silent_turn(self):
        with pytest.raises(AudioError, match=r"the turn of a at 0\.2 s has no speech"):
            plan_dialogue([("a", Waveform(np.zeros(RATE), RATE), 0.2)], DRY)
