"""One page about one recording: a single HTML file that works from disk and asks no network for anything.

    page = rendered(Report.of_result(result, sound=heard(open_recording("meeting.wav"))))

What a recording's result knows goes into one JSON block; the page's own script draws it. The same report
gives the same bytes.
"""

from diarize.report.model import Report
from diarize.report.page import render_page
from diarize.report.sound import RATE, PageSound, embed_sound, link_sound, media_address

__all__ = [
    "RATE",
    "PageSound",
    "Report",
    "embed_sound",
    "link_sound",
    "media_address",
    "render_page",
]
