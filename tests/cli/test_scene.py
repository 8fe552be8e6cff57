"""`op3-soccer scene`: what it prints, and what bad input says."""

import json

import numpy as np
import pytest

from cli.main import main
from nerf_render.scene_file import FieldShape, Scene, SceneHeader, write_scene
from nerf_render.similarity import Similarity
from robot.contracts.camera import pinhole


@pytest.fixture
def scene_path(tmp_path):
    header = SceneHeader(
        name="place",
        pitch=Similarity(scale=4.0),
        metric=True,
        camera=pinhole(64, 48, 1.0),
        field=FieldShape(proposal_samples=(8,), field_samples=4, far=6.0),
        measured={"psnr_db": 27.5},
    )
    path = tmp_path / "scene.npz"
    write_scene(path, Scene(header=header, arrays={"field/table": np.zeros((4, 2))}))
    return path


def test_show_prints_what_a_scene_holds(scene_path, capsys):
    assert main(["scene", "show", str(scene_path)]) == 0
    printed = capsys.readouterr().out
    for text in ("place", "metric", "psnr db", "27.5", "field"):
        assert text in printed


def test_show_json_is_one_value(scene_path, capsys):
    assert main(["scene", "show", "--json", str(scene_path)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["pitch"]["scale"] == 4.0
    assert found["arrays"] == {"field/table": [4, 2]}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("show", "{tmp}/none.npz"), "expected a scene file, found none"),
        (("show", "{tmp}/short.npz"), "found one cut short or damaged"),
        (("capture", "{tmp}/none.mp4"), "expected a video or a folder of pictures"),
        (("capture", "{tmp}/short.npz"), "expected a video, found none that can be"),
        (
            ("capture", "{tmp}/empty"),
            "expected pictures (.jpg, .jpeg, .png), found none",
        ),
        (
            ("capture", "{tmp}/empty", "--reference", "{tmp}/none.json"),
            "expected a reference file with tags or points, found none",
        ),
        (
            ("capture", "{tmp}/empty", "--frames", "0"),
            "--frames: expected a number > 0",
        ),
        (
            ("fit", "{tmp}/empty"),
            "expected a capture (capture.json or transforms.json)",
        ),
        (("fit", "{tmp}/empty", "--steps", "0"), "--steps: expected a number > 0"),
    ],
)
def test_bad_input_is_one_named_error(scene_path, tmp_path, capsys, command, message):
    (tmp_path / "short.npz").write_bytes(scene_path.read_bytes()[:300])
    (tmp_path / "empty").mkdir()
    arguments = [part.format(tmp=tmp_path) for part in command]
    assert main(["scene", *arguments]) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")
