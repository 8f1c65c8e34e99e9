"""Holds the zygote of an environment whose packages come from strangers, before it imports the first of them.

`python -I -S .../enclosure.py FD NETWORK PACKAGES UID`: the channel to the server, one of network.MODES, the folder of
the packages, and the user to become where the server is root (-1 where it is not).

A package may run code when it is imported, and a zygote imports. The zygote of the default environment may do things to
its network and mounts that this one must not be able to do. So, in this order, with nothing but our own code and the
standard library on the path:

    the network of the environment, while that can still be made
    an unprivileged user
    a user and process namespace: rights over what is made in it from now on, as workers need it, and over nothing else
    the packages come last on the path; what they would run at every start (.pth files, sitecustomize) is not run
"""

import os
import signal
import sys
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def main() -> None:
    """Become the zygote; the process that was started waits for it, and for what carries its network."""
    control, mode, packages, uid = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    show_package()
    os.set_inheritable(control, False)
    refused, pasta = "", 0
    try:
        pasta = connect(mode)
        leave_rights(uid)
    except OSError as error:
        refused = str(error)
    zygote = os.fork()
    if zygote:
        os.close(control)
        _wait_for(zygote, pasta)
    from headrace.runtime import fences

    fences.die_with_parent(signal.SIGKILL)
    sys.path.append(packages)
    from headrace.runtime import zygote as inner

    inner.run(control, refused=refused)


def show_package() -> None:
    """Make `import headrace` find this package, without the folder it lies in and all else that is there."""
    spec = spec_from_file_location("headrace", PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules["headrace"] = package = module_from_spec(spec)
    spec.loader.exec_module(package)


def connect(mode: str) -> int:
    """Enter the network of that mode; the process id of what carries it, or 0. Raises OSError."""
    from headrace.runtime import fences, network

    if mode == "none":
        fences.unshare(fences.NEWNET)
    return network.go_public() if mode == "public" else 0


def leave_rights(uid: int) -> None:
    """Give up every right over what is there; the next child has those over new namespaces. Raises OSError."""
    from headrace.runtime import fences

    if uid >= 0:
        with suppress(OSError):
            # Where bubblewrap has laid something over its files, children could not mount one of their own.
            fences.mount("proc", "/proc", "proc", fences.MS_NOSUID | fences.MS_NODEV | fences.MS_NOEXEC)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        fences.make_dumpable()  # a change of user takes /proc/self from its owner, and the maps below are there
    user, group = os.geteuid(), os.getegid()
    fences.unshare(fences.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    fences.unshare(fences.NEWPID)


def _wait_for(*children: int) -> None:
    """End with whichever of these ends first; the others go with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        with suppress(ChildProcessError):
            pid, _ = os.wait()
            if pid not in children:
                continue
        os._exit(1)


if __name__ == "__main__":
    main()
