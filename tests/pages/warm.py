"""A program that has everything imported and forks for each request: start-up is most of what a command is.

    python -m tests.pages.warm SOCKET MEMO

``MEMO`` is the folder in which ``tests/memo.py`` stores outputs of the networks.

A request is JSON, ``{"words": [...], "folder": ...}`` for the program or ``{"code": ...}`` for Python, with
stdin, stdout and stderr; the answer is the exit code.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import memo

CLIENT = """#!{python} -S
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    request = {{"words": sys.argv[1:], "folder": os.getcwd()}}
    socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
    code = int(server.recv(16))
sys.exit(code)
"""


def client(path: str) -> str:
    """The text of a script that is the program, as far as a reader can tell."""
    return CLIENT.format(python=sys.executable, path=path)


def ran(request: dict, streams: list[int]) -> int:
    """The exit code of what was asked for; in a child."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(request["folder"])
    try:
        if "code" in request:
            warnings.simplefilter("error")
            exec(compile(request["code"], "page", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own pages
            return 0
        from diarize.cli.app import program

        sys.argv = ["diarize", *request["words"]]
        program()
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def warmed() -> None:
    """Import what commands import when they work."""
    import diarize
    from diarize import plots, report  # noqa: F401
    from diarize.cli.app import app  # noqa: F401

    sample = Path(__file__).parent.parent.parent / "audio_samples" / "call.flac"
    plots.plot_timeline(diarize.diarize(sample, end=10.0).annotation)


def main() -> None:
    """Answer until killed."""
    memo.install(sys.argv[2])
    warmed()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        while True:
            connection, _ = listener.accept()
            with connection:
                message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
                child = os.fork()
                if child == 0:
                    code = ran(json.loads(message), streams)
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(code)
                for stream in streams:
                    os.close(stream)
                _, status = os.waitpid(child, 0)
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    main()
