"""Runs a command that ends when the process that started it is gone.

An expert's process that is killed at its limit cannot end its server any more, and a server that
hangs does not notice that nobody listens. Started as a file, with the standard library alone.
"""

import os
import signal
import subprocess
import sys
import time

LOOK_EVERY_S = 0.1
NOT_STARTED = 127


def main(command: list[str]) -> int:
    """Run a command in our process group, on our standard streams.

    Returns:
        Its exit status; this process does not return if its parent is gone.
    """
    parent = os.getppid()
    try:
        child = subprocess.Popen(command)  # noqa: S603  # the command that the user configured
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return NOT_STARTED
    while child.poll() is None:
        if os.getppid() != parent:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        time.sleep(LOOK_EVERY_S)
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
