"""Fetching from a server on the loopback address: whole, resumed, cut off, tampered with, through a proxy."""

from __future__ import annotations

import hashlib
import http.server
import io
import re
import socket
import tarfile
import threading
from contextlib import contextmanager

import pytest

from diarize.errors import PartError
from diarize.parts.cache import cache_folder, cached_parts, locate_part
from diarize.parts.catalogue import CATALOGUE, CatalogueEntry
from diarize.parts.download import fetch
from diarize.parts.fetching import get_part, read_record

DATA = bytes(range(256)) * 2000


def sha256(data):
    """As sha256sum prints it."""
    return hashlib.sha256(data).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Gives ``files`` by path, each at most ``most`` bytes an answer; remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        self.files, self.asked, self.most, self.ranges = {}, [], None, True
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Ranges as servers of files have them."""

    def do_GET(self):
        """Answer as the server was told to."""
        served = self.server
        served.asked.append((self.path, self.headers.get("Range")))
        data = served.files.get(self.path)
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if served.ranges else None
        begin = int(wanted[1]) if wanted else 0
        if data is None or begin >= len(data):
            self.send_error(404 if data is None else 416)
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        self.wfile.write(data[begin:][: served.most])

    def log_message(self, *words):
        """Nothing on stderr."""


@pytest.fixture
def server(monkeypatch):
    """A server that runs until the test is over; the environment names no proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with running(Server()) as served:
        yield served


@contextmanager
def running(served):
    """A server at work."""
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.shutdown()
        served.server_close()
        thread.join()


def failed(*words, **more):
    """The line with which fetching fails."""
    with pytest.raises(PartError) as caught:
        fetch(*words, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_comes_whole_and_alone(server, tmp_path):
    """Into a folder that is made for it, with progress that only rises to one."""
    server.files["/a.onnx"] = DATA
    seen = []
    place = fetch(
        f"{server.address}/a.onnx",
        tmp_path / "new" / "a.onnx",
        sha256(DATA),
        len(DATA),
        lambda stage, share: seen.append((stage, share)),
    )
    assert place.read_bytes() == DATA
    assert [path.name for path in place.parent.iterdir()] == ["a.onnx"]
    assert seen == sorted(seen)
    assert seen[-1] == ("download", 1.0)
    assert len(seen) > 2


@pytest.mark.parametrize("size", [None, len(DATA)])
def test_what_was_cut_off_goes_on_where_it_stopped(server, tmp_path, size):
    """Nothing is at the place before the end; no byte is fetched twice."""
    server.files["/a"], server.most = DATA, 300_000
    place = tmp_path / "a"
    said = failed(f"{server.address}/a", place, sha256(DATA), size)
    assert "cut off after 300000 of 512000 bytes; run the same command again" in said
    assert not place.exists()
    fetch(f"{server.address}/a", place, sha256(DATA), size)
    assert place.read_bytes() == DATA
    assert server.asked == [("/a", None), ("/a", "bytes=300000-")]


def test_a_server_without_ranges_begins_again(server, tmp_path):
    """And the file is right all the same."""
    server.files["/a"], server.most = DATA, 300_000
    failed(f"{server.address}/a", tmp_path / "a", sha256(DATA))
    server.ranges, server.most = False, None
    assert fetch(f"{server.address}/a", tmp_path / "a", sha256(DATA)).read_bytes() == DATA


def test_another_checksum_is_refused_and_nothing_kept(server, tmp_path):
    """What is at the place stays."""
    server.files["/a"] = DATA
    (tmp_path / "a").write_bytes(b"mine")
    said = failed(f"{server.address}/a", tmp_path / "a", sha256(b"other"))
    assert f"its SHA-256 is {sha256(DATA)}, {sha256(b'other')} is expected; nothing was kept" in said
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"mine"}


def test_a_partial_file_of_another_checksum_is_deleted(server, tmp_path):
    """The first bytes were other bytes: refused once, right at the next try."""
    server.files["/a"], server.most = b"x" * len(DATA), 1000
    failed(f"{server.address}/a", tmp_path / "a", sha256(DATA))
    server.files["/a"], server.most = DATA, None
    assert "nothing was kept" in failed(f"{server.address}/a", tmp_path / "a", sha256(DATA))
    assert fetch(f"{server.address}/a", tmp_path / "a", sha256(DATA)).read_bytes() == DATA


def test_a_whole_file_that_was_not_yet_put_in_place_is_not_fetched_again(server, tmp_path):
    """Killed between the last byte and the end: the server has nothing to add."""
    server.files["/a"] = DATA
    (tmp_path / f".a.{sha256(DATA)[:16]}.partial").write_bytes(DATA)
    assert fetch(f"{server.address}/a", tmp_path / "a", sha256(DATA), len(DATA)).read_bytes() == DATA
    assert server.asked == [("/a", f"bytes={len(DATA)}-")]


def test_another_size_is_refused_before_it_is_fetched(server, tmp_path):
    """A page of a portal instead of the file."""
    server.files["/a"] = b"<html>"
    said = failed(f"{server.address}/a", tmp_path / "a", sha256(DATA), len(DATA))
    assert "has 6 bytes, 512000 are expected; not fetched" in said


def test_addresses_that_lead_nowhere(server, tmp_path):
    """Not there, nobody listening, no such scheme, nonsense."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/a"
    for address, said in (
        (f"{server.address}/none", "the server says 404 Not Found"),
        (nobody, "cannot be reached (Connection refused)"),
        ("ftp://127.0.0.1/a", "begins with https:, http: or file:"),
        ("http://", "cannot be reached"),
        ("http://[", "cannot be reached"),
        (f"file://{tmp_path}/none", "cannot be reached"),
    ):
        assert said in failed(address, tmp_path / "a", sha256(DATA))


def test_a_file_address_is_read(tmp_path):
    """A disk or a share instead of a server."""
    (tmp_path / "there").write_bytes(DATA)
    address = (tmp_path / "there").as_uri()
    assert fetch(address, tmp_path / "a", sha256(DATA)).read_bytes() == DATA


def test_the_proxy_of_the_environment_is_used(server, tmp_path, monkeypatch):
    """A name that only the proxy knows."""
    server.files["http://parts.invalid/a"] = DATA
    monkeypatch.setenv("http_proxy", server.address)
    assert fetch("http://parts.invalid/a", tmp_path / "a", sha256(DATA)).read_bytes() == DATA
    assert server.asked == [("http://parts.invalid/a", None)]


def test_a_place_that_cannot_be_written_is_said(server, tmp_path):
    """A file where a folder should be."""
    (tmp_path / "taken").write_bytes(b"")
    said = failed(f"{server.address}/a", tmp_path / "taken" / "a", sha256(DATA))
    assert "cannot be written" in said
    assert "--cache" in said


def archive(**files):
    """A tar.bz2 of files by name."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:bz2") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"folder/{name}.onnx")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


@pytest.fixture
def known(server, monkeypatch):
    """A catalogue of a file and an archive on the server."""
    packed = archive(model=DATA, small=b"int8")
    server.files |= {"/plain.onnx": DATA, "/packed.tar.bz2": packed}
    entries = [
        CatalogueEntry(
            "plain", "embedding", "a", f"{server.address}/plain.onnx", len(DATA), sha256(DATA), "MIT"
        ),
        CatalogueEntry(
            "packed",
            "segmentation",
            "b",
            f"{server.address}/packed.tar.bz2",
            len(packed),
            sha256(packed),
            "MIT",
            "model.onnx",
            sha256(DATA),
        ),
    ]
    for name in list(CATALOGUE):
        monkeypatch.delitem(CATALOGUE, name)
    for entry in entries:
        monkeypatch.setitem(CATALOGUE, entry.name, entry)
    return server


def refused(*words, **more):
    """The line with which a part is not got."""
    with pytest.raises(PartError) as caught:
        get_part(*words, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["plain", "packed"])
def test_a_name_is_fetched_once(known, tmp_path, name):
    """Unpacked where it has to be; nothing else is left; the name then stands for the file."""
    found = get_part(name, cache=tmp_path)
    assert (found.name, found.is_new, found.path.read_bytes()) == (name, True, DATA)
    assert [path.name for path in found.path.parent.iterdir()] == [f"{name}.onnx"]
    assert locate_part(name, tmp_path) == found.path
    assert not get_part(name, cache=tmp_path).is_new
    assert len(known.asked) == 1
    assert get_part(name, cache=tmp_path, overwrite=True).is_new


def test_another_file_in_its_place_is_not_touched(known, tmp_path):
    """Unless that is asked for."""
    (tmp_path / "parts").mkdir()
    place = tmp_path / "parts" / "plain.onnx"
    place.write_bytes(b"mine")
    assert "exists already and is another file" in refused("plain", cache=tmp_path)
    assert place.read_bytes() == b"mine"
    assert get_part("plain", cache=tmp_path, overwrite=True).path.read_bytes() == DATA


def test_an_archive_with_another_file_in_it_is_refused(known, tmp_path, monkeypatch):
    """The archive is the right one and its member is not: the catalogue is wrong, and nothing is kept."""
    from dataclasses import replace

    monkeypatch.setitem(CATALOGUE, "packed", replace(CATALOGUE["packed"], member_sha256=sha256(b"")))
    assert "another SHA-256 than expected" in refused("packed", cache=tmp_path)
    assert list((tmp_path / "parts").iterdir()) == []


def test_an_address_is_fetched_with_its_checksum(known, tmp_path):
    """Under its own name or another; what was fetched is written down."""
    address = f"{known.address}/plain.onnx"
    found = get_part(address, sha256=sha256(DATA).upper(), name="mine", cache=tmp_path)
    assert found.path == tmp_path / "parts" / "mine.onnx"
    assert read_record(found.path) == {"address": address, "fetched": sha256(DATA), "sha256": sha256(DATA)}
    assert locate_part("mine", tmp_path) == found.path
    assert not get_part(address, sha256=sha256(DATA), name="mine", cache=tmp_path).is_new
    assert list(cached_parts(tmp_path)) == ["mine"]


def test_an_archive_by_address_needs_one_file_in_it(known, tmp_path):
    """model.onnx, or the only one."""
    for name, files, good in (
        ("one", {"voice": DATA}, True),
        ("model", {"model": DATA, "other": b""}, True),
        ("two", {"a": DATA, "b": DATA}, False),
        ("none", {}, False),
    ):
        packed = archive(**files)
        known.files[f"/{name}.tar.bz2"] = packed
        address = f"{known.address}/{name}.tar.bz2"
        if good:
            found = get_part(address, sha256=sha256(packed), cache=tmp_path)
            assert (found.name, found.path.read_bytes()) == (name, DATA)
        else:
            assert "one ONNX file is needed" in refused(address, sha256=sha256(packed), cache=tmp_path)


def test_an_archive_that_is_none_is_refused(known, tmp_path):
    """Its checksum is right, and it cannot be unpacked."""
    for data in (DATA, archive(a=DATA)[:200]):
        known.files["/a.tar.bz2"] = data
        said = refused(f"{known.address}/a.tar.bz2", sha256=sha256(data), cache=tmp_path)
        assert "no archive that can be unpacked" in said
        assert list((tmp_path / "parts").iterdir()) == []


def test_what_is_needed_is_asked_for(known, tmp_path):
    """A checksum with an address, a name that can be one, a name that is known."""
    address = f"{known.address}/plain.onnx"
    for words, more, said in (
        (["campplus"], {}, "no part of this name; there are plain, packed, others need an address"),
        (["packd"], {}, "did you mean 'packed'?"),
        ([address], {}, "--sha256 and 64 hexadecimal digits"),
        ([address], {"sha256": "12ab"}, "--sha256 and 64 hexadecimal digits"),
        ([address], {"sha256": sha256(DATA)}, "'plain' cannot be its name here"),
        ([address], {"sha256": sha256(DATA), "name": "../up"}, "'../up' cannot be its name"),
    ):
        assert said in refused(*words, cache=tmp_path, **more)
    assert known.asked == []


def test_without_a_network_it_says_what_to_copy_where(known, tmp_path):
    """For a file, and for the one in an archive."""
    known.server_close()
    for name, what in (("plain", "that file"), ("packed", "model.onnx out of that archive")):
        said = refused(name, cache=tmp_path)
        assert "cannot be reached" in said
        assert f"without a network copy {what} to {tmp_path / 'parts' / name}.onnx" in said
        with pytest.raises(
            PartError, match=f"fetch {CATALOGUE[name].address} with 'diarize parts get {name}'"
        ):
            locate_part(name, tmp_path)


def test_the_cache_is_the_platforms(tmp_path, monkeypatch):
    """Linux, macOS, Windows, and wherever it is asked for."""
    from pathlib import Path

    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    for system, environment, folder in (
        ("linux", {}, "/home/ann/.cache/diarize"),
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches/diarize"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/ann/.cache/diarize"),
        ("darwin", {"XDG_CACHE_HOME": "/caches"}, "/home/ann/Library/Caches/diarize"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/diarize/Cache"),
        ("win32", {}, "/home/ann/AppData/Local/diarize/Cache"),
    ):
        assert cache_folder(None, system=system, environment=environment) == Path(folder)
    assert cache_folder(tmp_path) == tmp_path
