"""The robot as shapes: an OP3 in its bent-knee stand, soft boxes around its links.

Frame: origin on the floor under the torso, x forward, y left, z up. The measures are
the bounds of the model's convex hulls (`sim.robot_model`) with every joint at
`JointSpec.stand_rad`, rounded to 5 mm; a test compares them with the compiled model.
"""

from match.page.shapes import Colour, Shape, disc, limb, rounded, shape

STANDING_HEIGHT_M = 0.475
TORSO_HEIGHT_M = 0.31
"""Of the torso's middle."""
LYING_HEIGHT_M = 0.075
"""Of the torso's middle when the robot lies on its front: the grips carry it."""

_SHADOW_HEIGHT_M = 0.006
_DARK = (46, 49, 56)
_JOINT = (78, 83, 93)
_EYE = (120, 220, 255)


def figure_shapes(jersey: Colour, opacity: float | None = None) -> tuple[Shape, ...]:
    """The whole robot in its team's colour; `opacity` None for solid."""
    jersey_parts = [
        rounded((-0.072, -0.065, 0.238), (0.040, 0.065, 0.385)),
        *(rounded((-0.022, y - 0.018, 0.33), (0.022, y + 0.018, 0.368)) for y in _ARMS),
    ]
    dark = [
        rounded((-0.010, -0.047, 0.392), (0.050, 0.047, STANDING_HEIGHT_M)),
        rounded((-0.062, -0.060, 0.180), (0.024, 0.060, 0.238)),
    ]
    joints = [rounded((-0.015, -0.021, 0.375), (0.02, 0.021, 0.415))]
    eyes = []
    for side in (-1, 1):
        joints += [
            limb((0, side * 0.09, 0.34), (0, side * 0.13, 0.265), 0.03, 0.042),
            limb((0.008, side * 0.04, 0.20), (0.06, side * 0.05, 0.135), 0.044, 0.05),
            limb((0.05, side * 0.05, 0.115), (0.012, side * 0.058, 0.05), 0.046, 0.05),
        ]
        dark += [
            limb((0, side * 0.128, 0.245), (0, side * 0.128, 0.137), 0.03, 0.042),
            rounded(
                (-0.053, side * 0.07 - 0.038, 0.0), (0.074, side * 0.07 + 0.038, 0.018)
            ),
            rounded(
                (-0.05, side * 0.058 - 0.022, 0.016), (0.03, side * 0.058 + 0.022, 0.07)
            ),
        ]
        eyes.append(
            rounded(
                (0.044, side * 0.022 - 0.008, 0.443),
                (0.061, side * 0.022 + 0.008, 0.463),
            )
        )
    parts = (
        ("jersey", jersey, jersey_parts),
        ("dark", _DARK, dark),
        ("joints", _JOINT, joints),
        ("eyes", _EYE, eyes),
    )
    return tuple(
        shape(name, colour, meshes, opacity=opacity, flat=False)
        for name, colour, meshes in parts
    )


def shadow_shape(radius_m: float) -> Shape:
    """What stands on the floor darkens it: a dark disc, cheaper than real shadows."""
    return shape("shadow", (0, 0, 0), [disc(radius_m, _SHADOW_HEIGHT_M)], opacity=0.35)


_ARMS = (-0.078, 0.078)
