"""Scene files: round trip, what damage says, and that NumPy alone reads one."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from nerf_render.scene_file import (
    FieldShape,
    Light,
    Scene,
    SceneError,
    SceneHeader,
    read_scene,
    write_scene,
)
from nerf_render.similarity import similarity
from robot.contracts.camera import pinhole


@pytest.fixture
def scene():
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    header = SceneHeader(
        name="place",
        pitch=similarity(scale=4.0, rotation=turn, translation=(1.0, 2.0, 3.0)),
        metric=True,
        camera=pinhole(64, 48, 1.0),
        field=FieldShape(proposal_samples=(8,), field_samples=4, far=6.0),
        light=Light(
            toward_p=(0.0, 0.0, 1.0),
            diffuse_rgb=(0.5, 0.5, 0.5),
            ambient_rgb=(0.2, 0.2, 0.3),
        ),
        measured={"psnr_db": 27.5},
        provenance={"source": "walk.mp4"},
    )
    arrays = {
        "field/base_table": np.arange(12, dtype=np.float16).reshape(6, 2),
        "baked/grid": np.arange(8, dtype=np.uint8).reshape(2, 2, 2),
    }
    return Scene(header=header, arrays=arrays)


def test_a_scene_comes_back_as_it_was(scene, tmp_path):
    path = tmp_path / "scene.npz"
    write_scene(path, scene)
    found = read_scene(path)
    assert found.header == scene.header
    assert set(found.arrays) == set(scene.arrays)
    for name, array in scene.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)


def test_equal_scenes_are_equal_files(scene, tmp_path):
    write_scene(tmp_path / "a.npz", scene)
    write_scene(tmp_path / "b.npz", scene)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_numpy_alone_reads_the_arrays(scene, tmp_path):
    write_scene(tmp_path / "scene.npz", scene)
    with np.load(tmp_path / "scene.npz") as plain:
        np.testing.assert_array_equal(plain["field/base_table"][5], [10.0, 11.0])


def test_parts_are_read_and_replaced_by_prefix(scene):
    assert list(scene.part("baked")) == ["grid"]
    other = scene.with_part("baked", {"coarse": np.zeros(3)})
    assert list(other.part("baked")) == ["coarse"]
    assert list(other.part("field")) == ["base_table"]


def test_a_missing_file_says_what_makes_one(tmp_path):
    with pytest.raises(
        SceneError, match=r"found none; `op3-soccer scene fit` makes one"
    ):
        read_scene(tmp_path / "scene.npz")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_named(scene, tmp_path, share):
    path = tmp_path / "scene.npz"
    write_scene(path, scene)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SceneError, match="expected a whole scene file, found one cut"):
        read_scene(path)


def test_an_array_of_another_scene_is_found(scene, tmp_path):
    path, swapped = tmp_path / "scene.npz", tmp_path / "swapped.npz"
    write_scene(path, scene)
    other = scene.with_part("baked", {"grid": np.zeros((2, 2, 2), np.uint8)})
    write_scene(swapped, other)
    with zipfile.ZipFile(path) as mine, zipfile.ZipFile(swapped) as theirs:
        members = {name: mine.read(name) for name in mine.namelist()}
        members["baked/grid.npy"] = theirs.read("baked/grid.npy")
    with zipfile.ZipFile(path, "w") as mixed:
        for name, content in members.items():
            mixed.writestr(name, content)
    with pytest.raises(SceneError, match=r"array baked/grid: expected SHA-256 "):
        read_scene(path)


def test_another_version_is_refused(scene, tmp_path):
    path = tmp_path / "scene.npz"
    write_scene(path, replace(scene, header=replace(scene.header, version=99)))
    with pytest.raises(SceneError, match="expected a scene of version 1, found 99"):
        read_scene(path)


def test_a_header_with_an_unknown_field_is_refused(scene, tmp_path):
    path = tmp_path / "scene.npz"
    write_scene(path, scene)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members["scene.json"])
    document["scene"]["smell"] = "grass"
    members["scene.json"] = json.dumps(document).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(SceneError, match="smell: unknown field"):
        read_scene(path)
