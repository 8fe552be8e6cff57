"""What the scene environment is asked to do: a folder with `job.json` and `job.npz`.

Read by `nerf_render.fit.trainer`, which has only numpy and torch: plain data here.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

JOB = "job.json"
JOB_ARRAYS = "job.npz"
CHECKPOINT = "checkpoint.pt"
FIELD_ARRAYS = "field.npz"
RESULT = "result.json"
HELD_OUT = "held_out"
STOPPED = 75
"""The trainer's exit code when asked to stop; it has saved."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a field is fitted: size of the model, samples, steps.

    Attributes:
        levels: of the field's hash grid.
        resolution: of its finest level, cells over the contracted cube of 4 units.
        table_log2: entries of each level's table, power of two.
        width: of the hidden layers.
        appearance: numbers per photograph that may change its colours (exposure).
        any_direction: share of samples that are coloured as if seen from a random side.
            Near one, colours that differ with direction stay only where many pictures
            agree on them; few pictures of a dull room teach a field gloss it lacks.
        proposal_samples: along a ray, one entry per proposal network.
        proposal_table_log2: as `table_log2`, of the proposal networks.
        proposal_resolution: finest level of each proposal network.
        field_samples: along a ray.
        rays: per step.
        steps: of the optimizer.
        learning_rate: at the start; falls exponentially.
        learning_rate_end: at the end.
        distortion: weight of the loss that gathers samples in one place.
        point_weight: weight of the depth of reconstructed points (arXiv:2107.02791).
        point_rays: points per step.
        empty_weight: weight of "nothing is in the air above the pitch".
        empty_points: places per step where that is asked.
        device: "cpu" or "cuda".
        threads: of torch on a CPU; 0 for its own choice.
    """

    levels: int = 8
    resolution: int = 1024
    table_log2: int = 17
    width: int = 64
    appearance: int = 8
    any_direction: float = 0.0
    proposal_samples: tuple[int, ...] = (64, 32)
    proposal_table_log2: int = 15
    proposal_resolution: tuple[int, ...] = (128, 256)
    field_samples: int = 24
    rays: int = 1024
    steps: int = 4000
    learning_rate: float = 1e-2
    learning_rate_end: float = 5e-4
    distortion: float = 0.002
    point_weight: float = 0.05
    point_rays: int = 256
    empty_weight: float = 0.01
    empty_points: int = 1024
    device: str = "cpu"
    threads: int = 0


@dataclass(frozen=True, kw_only=True)
class JobCamera:
    """All pictures' camera in COLMAP's convention: pixel centres are at one half."""

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, ...]
    """k1, k2, p1, p2, [k3]."""


@dataclass(frozen=True, kw_only=True)
class JobArrays:
    """Numbers of a job, scene frame and scene units.

    Attributes:
        camera_to_scene: [N, 4, 4] OpenGL cameras (x right, y up, looking along -z).
        train: [T] indices of pictures to learn from.
        held_out: [E] indices of pictures to measure with.
        points: [P, 3] reconstructed points; P may be 0.
        seen_by: [V] picture of each sighting of a point.
        seen_point: [V] the point.
        seen_px: [V, 2] where, COLMAP's pixel convention.
        empty: [2, 3] corners of the box without anything in it; equal if unknown.
    """

    camera_to_scene: NDArray[np.float64]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    points: NDArray[np.float64]
    seen_by: NDArray[np.int64]
    seen_point: NDArray[np.int64]
    seen_px: NDArray[np.float64]
    empty: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One fit.

    Attributes:
        images: files, absolute, one per pose.
        held_out_px: width, height at which held-out pictures are compared.
        far: where sampling ends, scene units.
    """

    images: tuple[str, ...]
    camera: JobCamera
    recipe: Recipe
    arrays: JobArrays
    held_out_px: tuple[int, int]
    far: float
    seed: int = 0

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with anything that changes the fit."""
        digest = hashlib.sha256(json.dumps(self._plain(), sort_keys=True).encode())
        for array in vars(self.arrays).values():
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def _plain(self) -> dict[str, Any]:
        return {
            "images": list(self.images),
            "camera": asdict(self.camera),
            "recipe": asdict(self.recipe),
            "held_out_px": list(self.held_out_px),
            "far": self.far,
            "seed": self.seed,
        }


def write_job(folder: Path, job: Job) -> None:
    """Write `job` into `folder`, which must exist."""
    np.savez(folder / JOB_ARRAYS, **vars(job.arrays))
    text = json.dumps(job._plain() | {"fingerprint": job.fingerprint}, indent=1)
    (folder / JOB).write_text(text, encoding="utf-8")


def read_job(folder: Path) -> tuple[Job, str]:
    """The job in `folder` and its fingerprint."""
    plain = json.loads((folder / JOB).read_text(encoding="utf-8"))
    with np.load(folder / JOB_ARRAYS) as arrays:
        numbers = JobArrays(**{name: arrays[name] for name in arrays.files})
    job = Job(
        images=tuple(plain["images"]),
        camera=JobCamera(**_tuples(plain["camera"])),
        recipe=Recipe(**_tuples(plain["recipe"])),
        arrays=numbers,
        held_out_px=(plain["held_out_px"][0], plain["held_out_px"][1]),
        far=plain["far"],
        seed=plain["seed"],
    )
    return job, plain["fingerprint"]


def _tuples(plain: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the dataclasses hold them."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
