"""ONNX networks as the robot runs them: on one core, without a word."""

from pathlib import Path

import onnxruntime

from robot.contracts.errors import ContractError


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """The network in a file.

    Raises:
        ContractError: not an ONNX file.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime raises a class per cause, no base
        raise ContractError(
            str(path), [f"expected an ONNX network, found {error}"]
        ) from None
