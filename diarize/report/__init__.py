"""A report page about one recording: a single HTML file that works from disk and uses no network.

Input: a Report, that is a Result with further data. Output: the text of the page. All data are in one JSON
block, which the script of the page displays; equal reports give equal bytes. ``batch`` and the commands
import it.

    page = render_page(Report.from_result(result, sound=embed_sound(open_recording("meeting.wav"))))
"""

from diarize.report.model import Report
from diarize.report.page import render_page
from diarize.report.sound import RATE, PageSound, embed_sound, link_sound, media_url

__all__ = [
    "RATE",
    "PageSound",
    "Report",
    "embed_sound",
    "link_sound",
    "media_url",
    "render_page",
]
