"""
Started as a script: take on a user, tie this process to the life of the one that started it, and become the program
named.

`launch.py PARENT UID GID SIGNAL PROGRAM ARG...`. UID -1 keeps the user. PR_SET_PDEATHSIG is cleared by a change of
user, so it comes after it; a fork server or `preexec_fn` in a process with threads could deadlock, so it is done
here, after the exec. Imports nothing of ours.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, uid, gid, signal_number = (int(argument) for argument in sys.argv[1:5])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it died before the tie was there
        os._exit(1)
    os.execv(sys.argv[5], sys.argv[5:])  # noqa: S606 (no shell)


if __name__ == "__main__":
    main()
