"""The network that corrects a kick, in ONNX."""

from pathlib import Path

import numpy as np

from robot.contracts.errors import ContractError
from robot.contracts.policy import ObservationSpec
from robot.onnx_session import open_session
from robot.scripted.frames import Float32Array
from robot.scripted.kick import PHASES
from robot.scripted.motion import BODY_JOINTS

FILE = "correction.onnx"
"""In a bundle, beside `script.json`."""


def seen_size(spec: ObservationSpec) -> int:
    """Numbers a correction goes by: see `robot.scripted.kick.KickPolicy.seen`."""
    return spec.size + PHASES + 1


class OnnxCorrection:
    """Input "seen" [1, N], output "wish" [1, 18], float32."""

    def __init__(self, path: Path, spec: ObservationSpec):
        """Load it.

        Raises:
            ContractError: not an ONNX file, or of another shape than the spec's.
        """
        self._session = open_session(path)
        found = [
            (item.name, item.shape)
            for item in (*self._session.get_inputs(), *self._session.get_outputs())
        ]
        expected = [("seen", [1, seen_size(spec)]), ("wish", [1, len(BODY_JOINTS)])]
        if found != expected:
            raise ContractError(
                str(path), [f"expected input and output {expected}, found {found}"]
            )

    def __call__(self, seen: Float32Array) -> Float32Array:
        """Wishes [..., 18] for [..., N]."""
        rows = seen.reshape(-1, seen.shape[-1])
        run = self._session.run
        wishes = [np.asarray(run(["wish"], {"seen": row[None]})[0]) for row in rows]
        return np.concatenate(wishes).reshape(*seen.shape[:-1], len(BODY_JOINTS))
