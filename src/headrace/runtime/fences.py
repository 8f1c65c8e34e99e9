"""What Linux offers to hold a process, called through ctypes so that a freshly forked child needs no library.

Sources: landlock(7) and linux/landlock.h (ABI 7), seccomp(2) and linux/filter.h, namespaces(7), capabilities(7). Every
function acts on the calling process and raises OSError with the call's name where the machine refuses.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18

# What is refused with EPERM: the name of a system call, and its number on x86-64 and on arm64 (asm/unistd.h). What a
# data library needs is not among them.
DENIED = """
    ptrace 101 117; process_vm_readv 310 270; process_vm_writev 311 271; pidfd_getfd 438 438; kcmp 312 272;
    mount 165 40; umount2 166 39; pivot_root 155 41; chroot 161 51; setns 308 268; unshare 272 97;
    open_tree 428 428; move_mount 429 429; fsopen 430 430; fsconfig 431 431; fsmount 432 432; fspick 433 433;
    mount_setattr 442 442; bpf 321 280; perf_event_open 298 241; userfaultfd 323 282; io_uring_setup 425 425;
    io_uring_enter 426 426; io_uring_register 427 427; keyctl 250 219; add_key 248 217; request_key 249 218;
    kexec_load 246 104; kexec_file_load 320 294; init_module 175 105; finit_module 313 273;
    delete_module 176 106; open_by_handle_at 304 265; name_to_handle_at 303 264; reboot 169 142;
    swapon 167 224; swapoff 168 225; acct 163 89; quotactl 179 60; syslog 103 116; settimeofday 164 170;
    clock_settime 227 112; adjtimex 159 171; clock_adjtime 305 266; personality 135 92; lookup_dcookie 212 18;
    vhangup 153 58; nfsservctl 180 42
"""
_NUMBERS = [row.split() for row in DENIED.split(";")]
_X86_64 = [int(x86_64) for _, x86_64, _ in _NUMBERS]
_AARCH64 = [int(aarch64) for _, _, aarch64 in _NUMBERS]

ARCHITECTURES = {
    "x86_64": (0xC000003E, _X86_64, {"clone": 56, "clone3": 435, "socket": 41}),
    "aarch64": (0xC00000B7, _AARCH64, {"clone": 220, "clone3": 435, "socket": 198}),
}

OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442  # open_tree(2), move_mount(2), mount_setattr(2): Linux 5.12
_AT_FDCWD, _AT_EMPTY_PATH, _TREE_CLONE, _FROM_EMPTY_PATH = -100, 0x1000, 1, 4
_NOSUID, _NODEV, _IDMAP = 0x2, 0x4, 0x100000  # attributes of a mount

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
_FS_READ = (1 << 0) | (1 << 2) | (1 << 3)  # execute, read a file, read a folder
_FS_REMOVE = (1 << 4) | (1 << 5)  # a folder, a file
_FS_OF_FILES = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)  # rights that a rule on a file may carry
_FS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}


def unshare(flags: int) -> None:
    """Leave the namespaces of these flags for new ones."""
    _check(_libc.unshare(flags), "unshare")


def enter(fd: int, kind: int) -> None:
    """Join the namespace behind an open file of /proc/<pid>/ns."""
    _check(_libc.setns(fd, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Put a file system in place, or change how one is shared, as the system call of this name does."""
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(_libc.mount(*arguments), f"mount {target}")


def lift(folder: str, users: int) -> int:
    """A mount of a folder that has no place yet, as an open file; whoever gets that may put it into a place of theirs.

    Users and groups in it are those that the user namespace behind the open file `users` maps them to. Nothing in it is
    a device or gives a right by a setuid bit.
    """
    tree = _check(_libc.syscall(OPEN_TREE, _AT_FDCWD, os.fsencode(folder), _TREE_CLONE | os.O_CLOEXEC), "open_tree")
    try:
        attributes = struct.pack("QQQQ", _NOSUID | _NODEV | _IDMAP, 0, 0, users)
        asked = (MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, attributes, len(attributes))
        _check(_libc.syscall(*asked), "mount_setattr")
    except OSError:
        os.close(tree)
        raise
    return tree


def place(tree: int, target: str) -> None:
    """Put a mount that was lifted into its place."""
    asked = (MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _FROM_EMPTY_PATH)
    _check(_libc.syscall(*asked), f"move_mount {target}")


def forbid_new_privileges() -> None:
    """From here on no program that is started gains rights by a setuid bit or file capability."""
    _check(_libc.prctl(38, 1, 0, 0, 0), "no_new_privs")


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this signal when the parent thread ends."""
    _check(_libc.prctl(1, signal_number, 0, 0, 0), "pdeathsig")


def user_namespaces() -> str:
    """Empty, or why this machine makes no user namespace."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        try:
            unshare(NEWUSER)
        except OSError as refused:
            os.write(tell, str(refused).encode())
        finally:
            os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with os.fdopen(told) as words:
        return words.read()


def make_dumpable() -> None:
    """Give a process that has changed its user its own /proc files again."""
    _check(_libc.prctl(4, 1, 0, 0, 0), "dumpable")


def hide_memory() -> None:
    """Keep other processes of the same user from reading this one's memory or /proc files."""
    _check(_libc.prctl(4, 0, 0, 0, 0), "dumpable")


def drop_capabilities() -> None:
    """Give up every capability, in each of the five sets, for good."""
    for capability in range(64):
        if _libc.prctl(24, capability, 0, 0, 0) < 0:  # the bounding set ends where the kernel's list does
            break
    _libc.prctl(47, 4, 0, 0, 0)  # ambient, clear all
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_libc.capset(header, struct.pack("6I", 0, 0, 0, 0, 0, 0)), "capset")


def landlock_abi() -> int:
    """The kernel's Landlock ABI, 0 where there is none."""
    return max(0, _libc.syscall(LANDLOCK_CREATE, None, 0, 1))


def landlock(readable: Iterable[str], writable: Iterable[str], removable: Iterable[str] = ()) -> None:
    """Allow reading (and executing) beneath some paths, everything beneath others, and nothing else on any file system.

    Beneath `removable` paths files may be read and deleted.

    From ABI 6 on, signals and abstract sockets outside this domain are refused too. Paths that do not exist are
    passed over. Needs no privilege; sets no_new_privs.
    """
    abi = landlock_abi()
    if abi < 1:
        raise OSError("this kernel has no Landlock")
    handled = _FS_BY_ABI.get(abi, (1 << 16) - 1)
    attributes = struct.pack("QQQ", handled, 0, 3 if abi >= 6 else 0)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _check(_libc.syscall(LANDLOCK_CREATE, attributes, len(attributes), 0), "landlock_create_ruleset")
    try:
        for paths, rights in ((readable, _FS_READ), (writable, handled), (removable, _FS_READ | _FS_REMOVE)):
            for path in paths:
                _allow(ruleset, path, rights & handled)
        forbid_new_privileges()
        _check(_libc.syscall(LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not Path(path).is_dir():
            rights &= _FS_OF_FILES
        rule = struct.pack("=Qi", rights, beneath)
        _check(_libc.syscall(LANDLOCK_ADD, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
    finally:
        os.close(beneath)


def seccomp() -> None:
    """Refuse the calls of DENIED, new namespaces, and sockets other than Unix, IPv4 and IPv6 ones. For good.

    clone3 answers ENOSYS, since a filter cannot look into its argument; the C library then uses clone.
    """
    try:
        audit, numbers, own = ARCHITECTURES[platform.machine()]
    except KeyError:
        raise OSError(f"there is no seccomp table for {platform.machine()}") from None
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, error = 0x80000000, 0x7FFF0000, 0x00050000
    eperm, enosys, eafnosupport = error | 1, error | 38, error | 97
    program = [(load, 0, 0, 4), (equal, 1, 0, audit), (answer, 0, 0, kill), (load, 0, 0, 0)]
    if platform.machine() == "x86_64":  # the x32 numbers would walk around every rule below
        program += [(at_least, 0, 1, 0x40000000), (answer, 0, 0, kill)]
    for number in numbers:
        program += [(equal, 0, 1, number), (answer, 0, 0, eperm)]
    program += [(equal, 0, 1, own["clone3"]), (answer, 0, 0, enosys)]
    namespaces = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
    program += [
        (equal, 0, 4, own["clone"]),
        (load, 0, 0, 16),
        (any_bit, 0, 1, namespaces),
        (answer, 0, 0, eperm),
        (load, 0, 0, 0),
    ]
    program += [(equal, 0, 6, own["socket"]), (load, 0, 0, 16)]
    program += [(equal, 3, 0, 1), (equal, 2, 0, 2), (equal, 1, 0, 10), (answer, 0, 0, eafnosupport), (load, 0, 0, 0)]
    program += [(answer, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    forbid_new_privileges()
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _check(_libc.prctl(22, 2, header, 0, 0), "seccomp")


def _check(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result
