"""
Started as a script: `limit.py UID GID BYTES PID...`: those processes write no file beyond BYTES (-1: no limit).

It becomes their user: even root may change another user's limits only with a capability that containers may lack.
"""

import os
import resource
import sys


def main() -> None:
    uid, gid, size, *pids = (int(argument) for argument in sys.argv[1:])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    for pid in pids:
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        except ProcessLookupError:
            continue  # it ended by itself


if __name__ == "__main__":
    main()
