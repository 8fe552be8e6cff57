"""What the operating system can do for punctuality, and what of it was refused.

ROBOTIS' own framework runs its bus thread with SCHED_RR; here it is SCHED_FIFO, which
differs only among threads of one priority.
"""

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

PRIORITY = 60
"""Of 1 to 99: above everything usual, below the kernel's own threads (from 50 on with
PREEMPT_RT interrupts; USB needs them) where the system is set up so."""
_MCL_CURRENT, _MCL_FUTURE = 1, 2
"""mlockall(2), Linux."""


def ask_for_priority(priority: int = PRIORITY) -> tuple[str, ...]:
    """Real-time priority and locked memory for this process, as far as allowed.

    Returns:
        What the system refused and what a person can do, in words.
    """
    notices = []
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        notices.append(
            f"no real-time priority ({error.strerror}): cycles may come late on a busy "
            f"computer; allow it with LimitRTPRIO={priority} in the systemd unit or "
            f"`rtprio {priority}` in /etc/security/limits.d"
        )
    error_number = _lock_memory()
    if error_number:
        notices.append(
            f"memory not locked ({os.strerror(error_number)}): swapping may delay a "
            "cycle; allow it with LimitMEMLOCK=infinity or `memlock unlimited`"
        )
    return tuple(notices)


def _lock_memory() -> int:
    """0, or the error number."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mlockall"):
        return 38  # ENOSYS
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE):
        return ctypes.get_errno()
    return 0


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No automatic garbage collection within; what lives now is never looked at again.

    Collect what the loop leaves behind with `collect_young` when there is time.
    """
    was_on = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def collect_young() -> None:
    """Collect what was made since the last two times: some tens of microseconds."""
    gc.collect(1)
