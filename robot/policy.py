"""Policies: from an observation to an action, and the bundles they come in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from robot import scripted
from robot.contracts.camera import CameraModel, Image
from robot.contracts.errors import ContractError, raise_if_any
from robot.contracts.policy import NETWORK_FILE, PolicySpec, read_spec
from robot.observation import GAME_TERM_SIZES, ONBOARD_GAME_TERMS, TERM_SIZES
from robot.onnx_session import open_session

GOLDEN_TOLERANCE = 1e-4
"""Largest difference of an action between the machine that made it and this one."""

_NUMPY_NAMES = {"float": "float32", "uint8": "uint8"}

Float32Array: TypeAlias = NDArray[np.float32]
PolicyState: TypeAlias = tuple[Float32Array, ...]


class Policy(Protocol):
    """A pure function with a spec. `scripted.load` and `OnnxPolicy` give one."""

    @property
    def spec(self) -> PolicySpec: ...

    def initial_state(self) -> PolicyState:
        """Recurrent state at a skill's start."""
        ...

    def act(
        self,
        observation: Float32Array,
        state: PolicyState,
        image: Image | None = None,
    ) -> tuple[Float32Array, PolicyState]:
        """Action [A] and next state for an observation [N].

        Args:
            image: [H, W, 3] RGB as the spec's camera takes it, if it has one.
        """
        ...


class OnnxPolicy:
    """A network in ONNX.

    Inputs: "observation" [1, N], "state_0" .. with the spec's shapes, and where the
    spec has a camera "image" [1, H, W, 3]; outputs: "action" [1, A] and
    "next_state_0" .. . All float32 but the image, which is uint8; the state has no
    batch axis.

    Raises:
        ContractError: not an ONNX file, or inputs and outputs other than the spec's.
    """

    def __init__(self, path: Path, spec: PolicySpec):
        self.spec = spec
        self._session = open_session(path)
        raise_if_any(str(path), _shape_faults(self._session, spec))
        count = len(spec.state_shapes)
        self._state_names = tuple(f"state_{index}" for index in range(count))
        self._output_names = [
            "action",
            *(f"next_state_{index}" for index in range(count)),
        ]

    def initial_state(self) -> PolicyState:
        return tuple(
            np.zeros(shape, dtype=np.float32) for shape in self.spec.state_shapes
        )

    def act(
        self,
        observation: Float32Array,
        state: PolicyState,
        image: Image | None = None,
    ) -> tuple[Float32Array, PolicyState]:
        feeds: dict[str, NDArray[Any]] = {"observation": observation[None]}
        if image is not None:
            feeds["image"] = image[None]
        feeds.update(zip(self._state_names, state, strict=True))
        action, *following = self._session.run(self._output_names, feeds)
        return np.asarray(action)[0], tuple(np.asarray(item) for item in following)


def load_bundle(folder: Path) -> Policy:
    """Load a policy and prove that it does here what it did where it was made.

    Raises:
        ContractError: a file missing, a spec out of contract, a network of another
            shape, or actions that differ from golden.npz; lists the faults.
    """
    spec = read_spec(folder / "spec.json")
    program = NETWORK_FILE if spec.engine == "onnx" else "script.json"
    faults = [
        f"expected {name}, found no such file; export the bundle again"
        for name in (program, "golden.npz", "CARD.md")
        if not (folder / name).is_file()
    ]
    raise_if_any(str(folder), faults + _term_faults(spec))
    policy: Policy
    if spec.engine == "onnx":
        policy = OnnxPolicy(folder / program, spec)
    else:
        policy = scripted.load(folder, spec)
    _replay(folder / "golden.npz", policy)
    return policy


def write_golden(
    path: Path,
    policy: Policy,
    observation: Float32Array,
    image: Image | None = None,
) -> None:
    """Roll `policy` from its initial state; write what it saw and did.

    Args:
        path: of golden.npz.
        policy: to roll.
        observation: [T, N].
        image: [T, H, W, 3] for a policy that sees.
    """
    observation = np.asarray(observation, dtype=np.float32)
    arrays: dict[str, NDArray[Any]] = {
        "observation": observation,
        "action": _rolled(policy, observation, image),
    }
    if image is not None:
        arrays["image"] = image
    np.savez(path, allow_pickle=False, **arrays)


def _rolled(
    policy: Policy, observation: Float32Array, image: Image | None
) -> Float32Array:
    state, actions = policy.initial_state(), []
    for step, row in enumerate(observation):
        seen = None if image is None else image[step]
        action, state = policy.act(row, state, seen)
        actions.append(action)
    return np.stack(actions)


def _replay(path: Path, policy: Policy) -> None:
    observation, image, expected = _read_golden(path, policy.spec)
    found = _rolled(policy, observation, image)
    # A NaN on either side compares as different.
    differs = ~(np.abs(found - expected) <= GOLDEN_TOLERANCE)
    if not differs.any():
        return
    step, column = (int(index[0]) for index in np.nonzero(differs))
    raise ContractError(
        str(path),
        [
            f"expected action {expected[step, column]:.6g} at step {step} for joint "
            f"{policy.spec.action.joints[column]}, found {found[step, column]:.6g} "
            f"({int(differs.sum())} of {differs.size} values differ by more than "
            f"{GOLDEN_TOLERANCE:g}); export the bundle again"
        ],
    )


def _read_golden(
    path: Path, spec: PolicySpec
) -> tuple[Float32Array, Image | None, Float32Array]:
    names = ("observation", "action", *(("image",) if spec.camera else ()))
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ContractError(
            str(path),
            [
                "expected arrays observation [T, N], action [T, A]"
                f"{' and image [T, H, W, 3]' if spec.camera else ''}, found {error}"
            ],
        ) from None
    observation = arrays["observation"]
    steps = max(len(observation) if observation.ndim else 0, 1)
    shapes: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
        "observation": ((steps, spec.observation.size), np.float32),
        "action": ((steps, len(spec.action.joints)), np.float32),
    }
    if spec.camera is not None:
        shapes["image"] = ((steps, *image_shape(spec.camera)), np.uint8)
    faults = [
        f"{name}: expected {np.dtype(kind)} shape {shape}, "
        f"found {arrays[name].dtype} {arrays[name].shape}"
        for name, (shape, kind) in shapes.items()
        if arrays[name].shape != shape or arrays[name].dtype != kind
    ]
    raise_if_any(str(path), faults)
    return observation, arrays.get("image"), arrays["action"]


def image_shape(camera: CameraModel) -> tuple[int, int, int]:
    """(H, W, 3)."""
    return camera.height_px, camera.width_px, 3


def _term_faults(spec: PolicySpec) -> list[str]:
    found = []
    sizes = TERM_SIZES
    if spec.role == "score":
        sizes = sizes | {name: GAME_TERM_SIZES[name] for name in ONBOARD_GAME_TERMS}
    for term in spec.observation.terms:
        size = sizes.get(term.name)
        if size is None:
            known = ", ".join(sizes)
            found.append(f"observation term {term.name}: expected one of {known}")
        elif size != term.size:
            found.append(
                f"observation term {term.name}: expected size {size}, found {term.size}"
            )
    return found


def _shape_faults(session: onnxruntime.InferenceSession, spec: PolicySpec) -> list[str]:
    states = enumerate(spec.state_shapes)
    inputs: dict[str, tuple[int, ...]] = {"observation": (1, spec.observation.size)}
    outputs: dict[str, tuple[int, ...]] = {"action": (1, len(spec.action.joints))}
    if spec.camera is not None:
        inputs["image"] = (1, *image_shape(spec.camera))
    for index, shape in states:
        inputs[f"state_{index}"] = shape
        outputs[f"next_state_{index}"] = shape
    return [
        *_node_faults("input", inputs, session.get_inputs()),
        *_node_faults("output", outputs, session.get_outputs()),
    ]


def _node_faults(
    kind: str,
    expected: dict[str, tuple[int, ...]],
    nodes: Sequence[onnxruntime.NodeArg],
) -> list[str]:
    # A symbolic axis (a name, not a number) fits any size; the replay proves it.
    found = {node.name: node for node in nodes}
    faults = [
        f"{kind} {name}: expected shape {shape}, found none"
        for name, shape in expected.items()
        if name not in found
    ]
    faults += [
        f"{kind} {name}: expected one of {', '.join(expected)}"
        for name in found
        if name not in expected
    ]
    for name in expected.keys() & found.keys():
        shape, node = expected[name], found[name]
        fits = len(shape) == len(node.shape) and all(
            not isinstance(axis, int) or axis == size
            for size, axis in zip(shape, node.shape, strict=True)
        )
        number = "uint8" if name == "image" else "float"
        if not fits or node.type != f"tensor({number})":
            faults.append(
                f"{kind} {name}: expected {_NUMPY_NAMES[number]} {shape}, "
                f"found {node.type} {tuple(node.shape)}"
            )
    return faults
