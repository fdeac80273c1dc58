"""``python -m diarize`` is ``diarize``."""

from diarize.cli import main

if __name__ == "__main__":
    main()
