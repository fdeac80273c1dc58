"""``diarize config``: what is in force, and whether a file is right."""

from __future__ import annotations

import json

from diarize.config import Config, load_config, load_preset, override


def test_show_prints_what_run_would_use_in_order_of_precedence(cli, tmp_path):
    """Show prints what run would use in order of precedence."""
    file = tmp_path / "mine.toml"
    file.write_text("seed = 5\n[clustering]\nmax_speakers = 7\nmin_speakers = 3\n")
    words = ["--preset", "telephone", "--config", file, "--min-speakers", 4]
    shown = cli("config", "show", *words).stdout
    (tmp_path / "shown.toml").write_text(shown)
    changes = {"seed": 5, "clustering": {"min_speakers": 4, "max_speakers": 7}}
    assert load_config(tmp_path / "shown.toml") == override(load_preset("telephone"), changes)
    assert json.loads(cli("config", "show", *words, "--json").stdout)["config"]["seed"] == 5


def test_show_without_options_is_the_default_file(cli):
    """Show without options is the default file."""
    shown = cli("config", "show").stdout
    assert shown.startswith("# Every setting with its default")
    assert "# seed of all random numbers\nseed = 0\n" in shown


def test_check_names_the_nearest_setting_and_goes_on(cli, tmp_path):
    """Check names the nearest setting and goes on."""
    (tmp_path / "bad.toml").write_text("[clustering]\nmax_speekers = 7\n")
    (tmp_path / "good.toml").write_text("seed = 3\n")
    result = cli("config", "check", tmp_path / "bad.toml", tmp_path / "good.toml")
    assert result.exit_code == 1
    assert "did you mean 'max_speakers'?" in result.stderr
    assert "good.toml: valid; settings changed: 1\n  seed = 3" in result.stdout
    assert cli("config", "check", tmp_path / "good.toml").exit_code == 0


def test_presets_lists_what_each_changes(cli):
    """Presets lists what each changes."""
    assert "textbook   space.kind = 'mfcc'" in cli("config", "presets").stdout
    presets = json.loads(cli("config", "presets", "--json").stdout)["presets"]
    assert {"default", "meeting", "telephone", "broadcast", "textbook"} <= set(presets)
    assert presets["default"] == []
    assert load_preset("default") == Config()
