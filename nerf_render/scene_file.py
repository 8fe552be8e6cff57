"""The scene file: one captured place as plain arrays and JSON, read without torch.

A scene file is a ZIP archive that `numpy.load` opens too. Its member `scene.json` is
the `SceneHeader` as JSON, with dtype, shape and SHA-256 of every array; every other
member is one array. Names say who owns an array:

    field/...    the exact field, see `nerf_render.field.field_arrays`
    baked/...    a baked form, if there is one; its maker chooses the names below that

Three frames, all right-handed:

    scene   the coordinates the field was fitted in. Length unit: scene unit.
    pitch   `robot.contracts.field`: origin at the pitch centre on the floor, x toward
            the goal the home team attacks, z up, metres.
    camera  OpenCV's: x right, y down, z into the picture.

`SceneHeader.pitch` moves points between the first two.
"""

import dataclasses
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nerf_render.similarity import Similarity
from robot.contracts.camera import CameraModel
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError

SCENE_VERSION = 1
HEADER = "scene.json"
SUFFIX = ".npz"

Array = NDArray[Any]


class SceneError(ValueError):
    """A scene is not what was asked for; says expected, found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """A scene's light as one direction and an ambient part, linear in 0..1.

    Attributes:
        toward_p: unit vector from the pitch toward the light, pitch frame.
        diffuse_rgb: what a white surface facing the light gets from it.
        ambient_rgb: what any white surface gets.
    """

    toward_p: tuple[float, ...]
    diffuse_rgb: tuple[float, ...]
    ambient_rgb: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class FieldShape:
    """What the exact field's arrays leave open.

    Attributes:
        proposal_samples: samples along a ray of each proposal network, in order.
        field_samples: samples of the field itself.
        far: where sampling ends, scene units; it starts at 0.
        anneal: exponent of the proposal weights.
        initial_spacing: of the first samples, "piecewise" or "uniform".
    """

    proposal_samples: tuple[int, ...]
    field_samples: int
    far: float
    anneal: float = 1.0
    initial_spacing: str = "piecewise"


@dataclass(frozen=True, kw_only=True)
class SceneHeader:
    """All of a scene that is not an array.

    Attributes:
        name: of the scene, for people.
        pitch: pitch frame <- scene frame.
        metric: whether `pitch` is measured (tags or marked points). If not, the "pitch"
            frame is the capture's own, of unknown scale.
        camera: of the capture, at the size the field was fitted at.
        field: sampling of the exact field.
        light: estimate, if there is one.
        contains: what of the pitch is in the pictures and need not be drawn on top: of
            "lines", "goals", "walls".
        measured: results of the fit and the capture, by name (psnr_db, ssim, ...).
        provenance: how it was made: commands, versions, dates, hashes.
        version: of this format.
    """

    name: str
    pitch: Similarity
    metric: bool
    camera: CameraModel
    field: FieldShape
    light: Light | None = None
    contains: tuple[str, ...] = ("lines", "goals", "walls")
    measured: dict[str, float] = dataclasses.field(default_factory=dict)
    provenance: dict[str, str] = dataclasses.field(default_factory=dict)
    version: int = SCENE_VERSION


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A scene in memory: header and arrays by name."""

    header: SceneHeader
    arrays: Mapping[str, Array]

    def part(self, prefix: str) -> dict[str, Array]:
        """The arrays below `prefix/`, by the rest of their names; empty if none."""
        start = f"{prefix}/"
        return {
            name.removeprefix(start): array
            for name, array in self.arrays.items()
            if name.startswith(start)
        }

    def with_part(self, prefix: str, arrays: Mapping[str, Array]) -> "Scene":
        """The same scene with all below `prefix/` replaced by `arrays`."""
        start = f"{prefix}/"
        kept = {k: v for k, v in self.arrays.items() if not k.startswith(start)}
        return replace(self, arrays=kept | {start + k: v for k, v in arrays.items()})


def write_scene(path: Path, scene: Scene) -> None:
    """Write `scene`, whole or not at all.

    Arrays keep their dtype: store float16 where that loses nothing.
    """
    members = {f"{name}.npy": _encoded(array) for name, array in scene.arrays.items()}
    listing = {
        name: {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "sha256": hashlib.sha256(members[f"{name}.npy"]).hexdigest(),
        }
        for name, array in scene.arrays.items()
    }
    document = {"scene": to_plain(scene.header), "arrays": listing}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            archive.writestr(_member(HEADER), json.dumps(document, indent=1))
            for name, content in members.items():
                archive.writestr(_member(name), content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_scene(path: Path) -> Scene:
    """Read and check a scene file.

    Raises:
        SceneError: there is none, it is cut short, damaged or of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read(HEADER))
            header = _header(path, document)
            contents = {
                name: _checked(path, archive, name, entry["sha256"])
                for name, entry in document["arrays"].items()
            }
    except FileNotFoundError:
        raise SceneError(
            f"{path}: expected a scene file, found none; `op3-soccer scene fit` makes "
            "one"
        ) from None
    except (zipfile.BadZipFile, EOFError, json.JSONDecodeError, KeyError) as error:
        raise SceneError(
            f"{path}: expected a whole scene file, found one cut short or damaged "
            f"({error}); copy it again or fit the scene again"
        ) from None
    return Scene(header=header, arrays=contents)


def _header(path: Path, document: dict[str, Any]) -> SceneHeader:
    plain = document["scene"]
    version = plain.get("version")
    if version != SCENE_VERSION:
        raise SceneError(
            f"{path}: expected a scene of version {SCENE_VERSION}, found {version}; "
            "fit the scene again with this release, or use the release that wrote it"
        )
    try:
        return from_plain(SceneHeader, plain, subject=str(path))
    except ContractError as error:
        raise SceneError(str(error)) from None


def _checked(path: Path, archive: zipfile.ZipFile, name: str, sha256: str) -> Array:
    content = archive.read(f"{name}.npy")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SceneError(
            f"{path}: array {name}: expected SHA-256 {sha256[:16]}..., found "
            f"{found[:16]}...; copy the file again or fit the scene again"
        )
    return np.load(io.BytesIO(content), allow_pickle=False)


def _encoded(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    # A fixed date makes equal scenes equal files.
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
