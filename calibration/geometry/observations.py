"""What was measured: joint readings with boards seen, and joints held in a jig."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.camera.detection import Sighting
from calibration.geometry.rigid import FloatArray


@dataclass(frozen=True, kw_only=True)
class JointView:
    """One picture with the robot at rest.

    Attributes:
        name: of the measurement.
        servo_rad: [20] mean servo angles in canonical joint order, times the joint
            map's sign: joint angle plus zero.
        sightings: mount name to the board's corners.
    """

    name: str
    servo_rad: FloatArray
    sightings: Mapping[str, Sighting]


@dataclass(frozen=True, kw_only=True)
class JigReading:
    """One joint held at a known angle.

    Attributes:
        joint: index in canonical order.
        servo_rad: as in `JointView`.
        joint_rad: the angle that the jig holds.
        sigma_rad: of the jig.
    """

    joint: int
    servo_rad: float
    joint_rad: float
    sigma_rad: float


def view_row(view: JointView) -> dict[str, Any]:
    """For the store."""
    return {
        "name": view.name,
        "servo_rad": view.servo_rad,
        "sightings": {
            mount: {"ids": s.ids, "pixels": s.pixels, "size_px": s.size_px}
            for mount, s in view.sightings.items()
        },
    }


def view_of_row(row: Mapping[str, Any]) -> JointView:
    """What `view_row` wrote."""
    return JointView(
        name=row["name"],
        servo_rad=np.array(row["servo_rad"], np.float64),
        sightings={
            mount: Sighting(
                name=row["name"],
                ids=np.array(held["ids"], np.int64),
                pixels=np.array(held["pixels"], np.float64).reshape(-1, 2),
                size_px=(held["size_px"][0], held["size_px"][1]),
            )
            for mount, held in row["sightings"].items()
        },
    )
