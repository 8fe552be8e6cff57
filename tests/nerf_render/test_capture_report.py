"""The report says which pictures were left out, why, and what to film again."""

import numpy as np

from nerf_render.capture.document import NO_POINTS, Capture, frame
from nerf_render.capture.frames import Chosen
from nerf_render.capture.pitch import Located
from nerf_render.capture.poses import Posed
from nerf_render.capture.report import write_report
from nerf_render.similarity import Similarity
from robot.contracts.camera import pinhole


def test_pictures_placed_wrongly_are_named_with_what_to_film_again(tmp_path):
    # 1.5 m above the middle of the pitch, looking down.
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = 1.5
    frames = tuple(frame(f"images/{i}.jpg", pose) for i in range(3))
    camera = pinhole(64, 48, 1.0)
    located = Located(
        pitch=Similarity(),
        error_m={"tag 0": 0.004},
        left_out={},
        error_px=0.5,
        sightings=8,
        picture_px={"0.jpg": 0.5, "2.jpg": 0.4},
    )
    advice = write_report(
        tmp_path,
        Capture(camera=camera, frames=frames, pitch=located.pitch),
        Posed(
            camera=camera,
            frames=frames,
            points=NO_POINTS,
            without_pose=("7.jpg", "8.jpg", "9.jpg"),
            error_px=0.5,
            frame_error_px=(0.5, 0.5, 0.5),
        ),
        Chosen(
            images=tuple(f"{i}.jpg" for i in (0, 1, 2, 7, 8, 9)),
            sharpness=(1.0,) * 6,
            blurred=(),
        ),
        located,
        {"8.jpg": 107.2, "7.jpg": 12.4},
    )
    wrong, missing, *_ = advice
    assert wrong.startswith(
        "2 pictures were placed wrongly and left out (7.jpg, 8.jpg)"
    )
    assert missing.startswith("1 pictures did not connect (9.jpg)")
    text = (tmp_path / "report.md").read_text()
    assert "- 8.jpg: 107 px off" in text
    # Picture 1 shows no reference.
    assert "2 pictures show references that others confirm; the poses of 1" in text
