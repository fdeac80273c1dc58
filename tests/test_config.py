"""Settings: files, presets, nearest names, and the generated default file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.config import (
    Config,
    load_config,
    load_preset,
    override,
    parse_result_settings,
    parse_toml,
    preset_names,
    setting_fields,
    to_toml,
    without_defaults,
)
from diarize.config.commented_toml import default_file, list_changes, to_commented_toml
from diarize.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"


def test_the_default_file_is_what_the_dataclasses_say():
    """Remade by: diarize config show > configs/default.toml."""
    assert (CONFIGS / "default.toml").read_text(encoding="utf-8") == default_file()


def test_the_default_file_sets_every_field_and_changes_nothing():
    """It is complete, and reading it gives the defaults."""
    values = tomllib.loads(default_file())
    assert values == asdict(Config())
    assert load_config(CONFIGS / "default.toml") == Config()


def test_every_setting_says_what_it_means_and_may_be():
    """A comment above every line; a number has its range, a text its choices or is free, a switch neither."""
    lines = [line for line in default_file().splitlines()[3:] if line and not line.startswith("[")]
    assert all(above.startswith("# ") for above, line in pairwise(lines) if not line.startswith("# "))
    for name, each in setting_fields(Config()).items():
        assert each.metadata["help"], name
        assert isinstance(each.default, str | bool) != ("allowed" in each.metadata), name


@pytest.mark.parametrize("name", ["meeting", "telephone", "broadcast", "textbook"])
def test_presets_hold_only_differences(name):
    """Every line of a preset changes something."""
    held = tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8"))
    assert held == without_defaults(load_preset(name))
    assert held


def test_presets_are_listed_and_the_nearest_is_named():
    """A slip of the pen is answered with the name that was meant."""
    assert preset_names() == ("broadcast", "default", "meeting", "telephone", "textbook")
    with pytest.raises(ConfigError, match="did you mean 'meeting'"):
        load_preset("meetings")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed = 1", "unknown setting 'sed'; did you mean 'seed'"),
        ("[features]\nn_mfc = 3", "unknown setting 'features.n_mfc'; did you mean 'n_mfcc'"),
        ("[zzz]\na = 3", "known here: audio, features"),
        ("seed = 'x'", "seed = 'x'; it must be a whole number"),
        ("seed = true", "seed = True; it must be a whole number"),
        ("seed = 1.0", "it must be a whole number"),
        ("[features]\nhop = '10 ms'", "features.hop = '10 ms'; it must be a number"),
        ("features = 3", "features is a section"),
        ("[clustering]\ncriterion = 'bik'", "did you mean 'bic'"),
        ("[features]\nhop = 5", "features.hop = 5.0; allowed: 0.002 to 0.1"),
        (
            "[features]\nn_voice = 12",
            "features.n_voice = 12; background models have it (the included ones 13)",
        ),
        ("[features]\nhop = nan", "features.hop = nan"),
        ("[clustering]\nmin_speakers = 9\nmax_speakers = 3", "at least 9 and at most 3"),
        ("seed = ", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(tmp_path, text, message):
    """What was given, where, and what is allowed."""
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_settings_are_refused(tmp_path):
    """Absent, binary, a folder, or far too large."""
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x81")
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    for name, message in (("no.toml", "No such file"), ("binary.toml", "UTF-8"), ("large.toml", "larger")):
        with pytest.raises(ConfigError, match=message):
            load_config(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"turns": []}', "holds no settings; give what 'run --json' printed"),
        ("[1]", "holds no settings"),
        ('{"config": 3}', "holds no settings"),
        ('{"config": {"sed": 3}}', "unknown setting 'sed'; did you mean 'seed'"),
        ('{"config": {"resegmentation": {"stay": NaN}}}', "stay = nan; allowed"),
    ],
)
def test_json_that_is_no_result_is_refused(tmp_path, text, message):
    """One line that says what to give."""
    (tmp_path / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "result.json")


def test_a_mark_at_the_start_of_a_file_is_no_obstacle(tmp_path):
    """Editors on Windows write one."""
    (tmp_path / "mine.toml").write_text("\ufeffseed = 4\n", encoding="utf-8")
    assert load_config(tmp_path / "mine.toml").seed == 4


@st.composite
def configs(draw):
    """Any valid Config: every choice and every range, with the counts in order."""
    nested = {}
    for dotted, each in setting_fields(Config()).items():
        section, _, key = dotted.partition(".")
        if choices := each.metadata.get("choices"):
            nested.setdefault(section, {})[key] = draw(st.sampled_from(choices))
        if "allowed" not in each.metadata:
            continue
        low, high = each.metadata["allowed"]
        default = asdict(Config())[section][key] if key else asdict(Config())[section]
        value = (
            draw(st.integers(int(low), int(high)))
            if isinstance(default, int)
            else draw(st.floats(low, high, allow_nan=False))
        )
        if key:
            nested.setdefault(section, {})[key] = value
        else:
            nested[section] = value
    counts = sorted((nested["clustering"]["min_speakers"], nested["clustering"]["max_speakers"]))
    nested["clustering"] |= dict(zip(("min_speakers", "max_speakers"), counts, strict=True))
    nested["space"]["background"] = draw(st.text(st.characters(codec="utf-8", exclude_categories=("C",))))
    return override(Config(), nested)


@pytest.mark.slow
@given(configs())
def test_written_settings_read_back_the_same(config):
    """With and without comments, and as differences from the defaults."""
    for text in (to_toml(config), to_commented_toml(config)):
        assert override(Config(), parse_toml(text, "text")) == config
    assert override(Config(), without_defaults(config)) == config
    document = json.dumps({"config_digest": config.digest, "config": asdict(config)})
    assert override(Config(), parse_result_settings(document, "result.json")).digest == config.digest


def test_settings_that_are_in_models_now_may_stand_in_earlier_documents():
    """With the values of the included models, which they could only have."""
    earlier = asdict(Config())
    earlier["features"] |= {"n_voice": 13, "noise_floor": 0.1, "upper_fmax": 7600.0}
    assert override(Config(), earlier) == Config()


@pytest.mark.slow
@given(configs(), configs())
def test_different_settings_have_different_digests(one, other):
    """Equal settings have equal digests, others others."""
    assert (one == other) == (one.digest == other.digest)


def test_changes_are_dotted_names():
    """As a person would say them."""
    assert list_changes({"seed": 3, "space": {"kind": "mfcc"}}) == ["seed = 3", "space.kind = 'mfcc'"]
