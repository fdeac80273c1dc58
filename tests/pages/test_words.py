"""One word for one thing, in one spelling: pages, docstrings and help use the words of docs/glossary.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = sorted((ROOT / "diarize").rglob("*.py"))
# Words for which the glossary has another one, and American spellings.
OTHERS = re.compile(
    r"\b(enrol(?!l)\w*|stretch(es)?|local voices?|(?<!partitioned )evaluation maps?|"
    r"voice activity(?! detection \(VAD)|"
    r"\w*(normali|standardi|recogni|maximi|minimi|initiali|optimi|summari)z(e[sd]?|ing|ation)|analyz(e[sd]?|ing)|"
    r"colors?|centers?|gray|neighbors?|behaviors?|label(ed|ing)|model(ed|ing)|catalogs?)\b",
    re.IGNORECASE,
)
# Code, links and names, in which the spelling is that of a library or of a file.
NAMES = re.compile(
    r"```.*?^```|``.+?``|`.+?`|^    .*?$|\]\([^)]*\)|\S+[_.=/]\w\S*|\"[^\"]*\"|\*[^*]+\*",
    re.DOTALL | re.MULTILINE,
)


def other_words(text):
    """Words of a text, without code and names, that the glossary has not."""
    return [match[0] for match in OTHERS.finditer(NAMES.sub(" ", text))]


def docstrings(path):
    """The docstrings of a module and of what is in it."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_use_the_words_of_the_glossary(page):
    """Code blocks and names of libraries aside."""
    assert other_words(page.read_text(encoding="utf-8")) == []


def test_docstrings_use_the_words_of_the_glossary():
    """Of all modules, functions and classes of the package."""
    found = [(path.name, word) for path in MODULES for text in docstrings(path) for word in other_words(text)]
    assert found == []


def test_other_words_are_seen():
    """In a sentence, but not in code."""
    assert other_words("Enrol a voice in a stretch; `normalize` and\n```\ncolor\n```") == ["Enrol", "stretch"]
