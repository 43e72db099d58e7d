"""What the process takes from itself before it serves: core dumps, being looked into, and pages that go to swap (threats.md).

A plain form's words pass through memory. Neither a crash nor a debugger of the same user nor the swap may put them on a disk.
"""

import ctypes
import logging
import os
import resource
import sys

OPEN_FILES = 16384
"""Connections and unnamed files under a flood: asked for up to what the system allows."""

_PR_SET_DUMPABLE = 4
_PR_GET_DUMPABLE = 3
_LOCK_ALL = 1 | 2 | 4
"""MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT: pages are locked as they are used, so that nothing is filled that never would be."""

_log = logging.getLogger("saksei")


def harden() -> None:
    """Do all of it; what the system does not allow is said in the log, and is no reason not to serve."""
    raise_open_files()
    forbid_core_dumps()
    if not lock_memory():
        _log.warning("memory is not locked: allow it (LimitMEMLOCK=infinity), or encrypt the swap or have none")


def forbid_core_dumps() -> None:
    """No core file, and on Linux nobody of the same user may attach to this process or read its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def is_dumpable() -> bool:
    """Whether a crash of this process may write its memory down (Linux)."""
    return bool(ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0))


def lock_memory() -> bool:
    """Keep this process's memory out of swap; False where that is not allowed.

    Only without a limit on locked memory: under one, the lock would make later allocations fail.
    """
    if sys.platform != "linux" or (os.geteuid() != 0 and resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY):
        return False
    return bool(ctypes.CDLL(None).mlockall(_LOCK_ALL) == 0)


def raise_open_files() -> None:
    """Allow OPEN_FILES open files, or as many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
