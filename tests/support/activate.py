"""As systemd starts a service with sockets: put them at 3, 4, ..., say so in the
environment, become the program.

    activate.py FD=NAME... -- COMMAND...
"""

import os
import sys

at = sys.argv.index("--")
pairs = [arg.split("=", 1) for arg in sys.argv[1:at]]
high = [os.dup2(int(fd), 100 + i) for i, (fd, _) in enumerate(pairs)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)  # inheritable
os.closerange(3 + len(pairs), 200)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(pairs)),
                  LISTEN_FDNAMES=":".join(name for _, name in pairs))
os.execv(sys.argv[at + 1], sys.argv[at + 1:])
