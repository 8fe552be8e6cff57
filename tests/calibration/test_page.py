"""Reports: one file, pictures inside, nothing taken for markup."""

import base64
from html.parser import HTMLParser

import cv2
import numpy as np

from calibration.page import Page


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words, self.images, self.bad_rows = [], [], 0

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "img":
            self.images.append(attrs["src"])
        self.bad_rows += tag == "tr" and attrs.get("class") == "bad"

    def handle_data(self, data):
        self.words.append(data.strip())


def test_a_page_holds_its_pictures_and_escapes_its_words(tmp_path):
    page = Page("Camera <1>")
    page.text("a & b")
    page.table(("view", "verdict"), [("one", "used"), ("two", "!left out")])
    image = np.zeros((4, 5, 3), np.uint8)
    image[1, 2] = (250, 10, 20)
    page.image(image, "a dot")
    page.write(tmp_path / "deep" / "report.html")
    reader = Reader()
    reader.feed((tmp_path / "deep" / "report.html").read_text())
    assert "Camera <1>" in reader.words
    assert "a & b" in reader.words
    assert "left out" in reader.words
    assert reader.bad_rows == 1
    head, _, data = reader.images[0].partition(",")
    assert head == "data:image/png;base64"
    raw = np.frombuffer(base64.b64decode(data), np.uint8)
    seen = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    # OpenCV's pictures are BGR.
    assert seen.shape == (4, 5, 3)
    assert seen[1, 2].tolist() == [20, 10, 250]
