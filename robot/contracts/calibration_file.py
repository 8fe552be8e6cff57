"""`calibration.json`: read, merge a part into it, write without ever losing it."""

import json
import os
import tempfile
from pathlib import Path

from robot.contracts.calibration import CalibrationBundle, merged
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError


def read_calibration(path: Path) -> CalibrationBundle:
    """Read a robot's calibration.

    Raises:
        ContractError: missing, not JSON, or not this contract; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fault = (
            "expected a robot's calibration, found no such file; make it with "
            "op3-soccer calibrate"
        )
        raise ContractError(str(path), [fault]) from None
    except OSError as error:
        fault = f"expected a readable file, found: {error.strerror}"
        raise ContractError(str(path), [fault]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    return from_plain(CalibrationBundle, plain, subject=str(path))


def write_calibration(path: Path, bundle: CalibrationBundle) -> None:
    """Write the whole file, or leave the old one as it is.

    Written beside its place, flushed to the disk, then renamed.

    Raises:
        ContractError: the folder does not take it.
    """
    text = json.dumps(to_plain(bundle), indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        fault = f"expected a place to write to, found: {error.strerror}"
        raise ContractError(str(path), [fault]) from None


def update_calibration(path: Path, found: CalibrationBundle) -> CalibrationBundle:
    """Merge what a step found into the file; returns what it holds now.

    Raises:
        ContractError: the file is there but broken, or cannot be written.
    """
    old = read_calibration(path) if path.exists() else CalibrationBundle()
    bundle = merged(old, found)
    write_calibration(path, bundle)
    return bundle
