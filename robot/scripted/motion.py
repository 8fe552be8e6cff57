"""Motions as key poses: data in `script.json`, sampled as smooth joint targets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import OP3_JOINTS, mirror_of

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

BODY_JOINTS: tuple[str, ...] = tuple(joint.name for joint in OP3_JOINTS[:18])
"""The joints a script moves: all but the head, canonical order."""

STAND_RAD: Array = np.array([joint.stand_rad for joint in OP3_JOINTS[:18]])
MIRROR_INDEX = np.array([BODY_JOINTS.index(mirror_of(name)) for name in BODY_JOINTS])
"""[18] of each joint the one on the other side; their angles have opposite signs."""


@dataclass(frozen=True, kw_only=True)
class KeyPose:
    """Where the joints shall be when this piece of a motion ends.

    Attributes:
        name: what the robot does meanwhile, for the reader.
        duration_s: time from the previous key pose.
        pose_rad: joint name to target; joints left out stay where the previous key pose
            put them. A name without `l_` or `r_` sets the left joint to the value and
            the right one to its mirror image.
    """

    name: str
    duration_s: float
    pose_rad: dict[str, float]

    def __post_init__(self) -> None:
        if not self.duration_s > 0:
            raise ValueError(
                f"key pose {self.name}: expected duration_s > 0, found "
                f"{self.duration_s}"
            )
        known = {*BODY_JOINTS, *(name[2:] for name in BODY_JOINTS)}
        unknown = sorted(set(self.pose_rad) - known)
        if unknown:
            raise ValueError(
                f"key pose {self.name}: unknown joints {', '.join(unknown)}; expected "
                f"some of {', '.join(sorted(known))}"
            )


@dataclass(frozen=True, kw_only=True)
class Track:
    """A motion ready to sample.

    Attributes:
        end_s: [K] time at which each key pose is reached.
        pose_rad: [K, 18] targets, `BODY_JOINTS` order.
    """

    end_s: Array
    pose_rad: Array

    @property
    def length_s(self) -> float:
        return float(self.end_s[-1])


def compile_track(keys: tuple[KeyPose, ...]) -> Track:
    """Key poses, starting from the stand, as arrays."""
    poses, pose = [], STAND_RAD.copy()
    for key in keys:
        pose = pose.copy()
        for name, value in key.pose_rad.items():
            for joint, angle in _single_joints(name, value):
                pose[BODY_JOINTS.index(joint)] = angle
        poses.append(pose)
    ends = np.cumsum([key.duration_s for key in keys])
    return Track(end_s=ends, pose_rad=np.array(poses))


def _single_joints(name: str, value: float) -> list[tuple[str, float]]:
    if name in BODY_JOINTS:
        return [(name, value)]
    return [(f"l_{name}", value), (f"r_{name}", -value)]


def mirrored(track: Track) -> Track:
    """The same motion with left and right swapped."""
    return Track(end_s=track.end_s, pose_rad=-track.pose_rad[:, MIRROR_INDEX])


@dataclass(frozen=True, kw_only=True)
class TrackSet:
    """Several tracks padded to one length, so that a batch can mix them.

    Attributes:
        end_s: [M, K] as in `Track`, the last value repeated.
        pose_rad: [M, K, 18].
        length_s: [M].
    """

    end_s: Array
    pose_rad: Array
    length_s: Array


def stack_tracks(tracks: tuple[Track, ...]) -> TrackSet:
    """Pad and stack."""
    longest = max(len(track.end_s) for track in tracks)
    pad = [longest - len(track.end_s) for track in tracks]
    return TrackSet(
        end_s=np.stack(
            [np.pad(t.end_s, (0, n), "edge") for t, n in zip(tracks, pad, strict=True)]
        ),
        pose_rad=np.stack(
            [
                np.pad(t.pose_rad, ((0, n), (0, 0)), "edge")
                for t, n in zip(tracks, pad, strict=True)
            ]
        ),
        length_s=np.array([track.length_s for track in tracks]),
    )


def sample(tracks: TrackSet, which: IntArray, start_rad: Array, time_s: Array) -> Array:
    """Joint targets at a time.

    Args:
        which: [...] int, index of the track.
        start_rad: [..., 18] where the joints were sent before the track began.
        time_s: [...] since the track began; past its end the last pose holds.

    Returns:
        [..., 18] targets; each piece starts and ends with zero speed.
    """
    ends = tracks.end_s[which]
    last = ends.shape[-1] - 1
    key = np.minimum((time_s[..., None] >= ends).sum(-1), last)
    goal = tracks.pose_rad[which, key]
    before = tracks.pose_rad[which, np.maximum(key - 1, 0)]
    begin = np.where(key > 0, _take(ends, np.maximum(key - 1, 0)), 0.0)
    origin = np.where((key > 0)[..., None], before, start_rad)
    duration = np.maximum(_take(ends, key) - begin, 1e-6)
    return origin + (goal - origin) * ease((time_s - begin) / duration)[..., None]


def ease(share: Array) -> Array:
    """0 to 1 with zero slope at both ends; the share is clipped to [0, 1]."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def _take(values: Array, index: IntArray) -> Array:
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
