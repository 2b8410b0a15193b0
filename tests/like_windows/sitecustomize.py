"""Lets rtcan believe that it runs on Windows, in every process with this folder on PYTHONPATH.

For modules of rtcan alone, `sys.platform` is ``win32``; what Windows lacks of `os` and `signal`,
and modules such as `fcntl`, are missing; functions refuse what they refuse there; and `msvcrt`
locks bytes. Libraries keep the system that they are on.

In the folder that the variable ``LIKE_WINDOWS`` names, files behave as on Windows, whoever uses
them: one that a process has open is neither removed nor replaced, upper and lower case are not told
apart, and some names are not possible.

It is not Windows: paths have slashes and no drives, locked bytes can be read, and processes are
started and ended as on Linux.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import os
import re
import signal
import stat
import struct
import sys
import types
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

ROOT = os.path.realpath(os.environ["LIKE_WINDOWS"])

_NO_MODULES = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios"}
_NOT_IN_OS = re.compile(
    r"O_(NOFOLLOW|CLOEXEC|NONBLOCK|DIRECTORY|A?SYNC|DSYNC|RSYNC|NOCTTY|NOATIME|PATH|TMPFILE|LARGEFILE"
    r"|ACCMODE|NDELAY|DIRECT)|W[A-Z]+|P_(ALL|PID|PGID|PIDFD)|SCHED_.*|POSIX_.*|RTLD_.*|SEEK_(DATA|HOLE)"
    r"|(f?chown|lchown|chroot|fchdir|fchmod|fdatasync|fork|forkpty|killpg|lockf|mkfifo|mknod|nice)"
    r"|(openpty|pipe2|pathconf|fpathconf|pread|preadv|pwrite|pwritev|readv|writev|sendfile|splice)"
    r"|(set|get)(e|res)?[ug]id|(set|get)(groups|pgid|pgrp|priority|sid|loadavg)|getpgrp|initgroups"
    r"|(stat|fstat)vfs|sync|sysconf.*|confstr.*|tc[gs]etpgrp|ttyname|uname|wait[34]?|waitid"
    r"|waitid_result|register_at_fork|memfd_create|.*xattr|sched_.*|posix_.*|major|minor|makedev"
    r"|ctermid|get_blocking|set_blocking|eventfd.*|copy_file_range|environb|getenvb|fsencodeb"
)
_SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIGBREAK"}
_NOT_IN_SIGNAL = re.compile(
    r"[sg]etitimer|ITIMER_.*|alarm|pause|pthread_.*|sig(pending|wait|waitinfo|timedwait|interrupt)"
    r"|SIG_(BLOCK|UNBLOCK|SETMASK)|ItimerError|Sigmasks|pidfd_.*"
)


class _Like(types.ModuleType):
    """A module without some of its names, and with others of its own."""

    def __init__(self, module: types.ModuleType, own: dict[str, Any], lacks: Any) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(_module=module, _own=own, _lacks=lacks)

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        if self._lacks(name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} on Windows")
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._module, name, value)


def _without_folders(name: str) -> Any:
    """A function of `os` that takes no descriptors of folders."""
    function = getattr(os, name)

    def call(path: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(path, int) and name not in ("stat", "fstat", "truncate"):
            raise TypeError(f"{name}: path should be string, bytes or os.PathLike, not int")
        for option in ("dir_fd", "src_dir_fd", "dst_dir_fd"):
            if options.pop(option, None) is not None:
                raise NotImplementedError(f"{option} unavailable on this platform")
        return function(path, *arguments, **options)

    return call


class _Status:
    """What Windows tells of a file: also which kind of link it is."""

    st_reparse_tag = 0

    def __init__(self, status: os.stat_result) -> None:
        self._status = status

    def __getattr__(self, name: str) -> Any:
        return getattr(self._status, name)


def _stat(path: Any, **options: Any) -> _Status:
    return _Status(_without_folders("stat")(path, **options))


def _lstat(path: Any, **options: Any) -> _Status:
    return _Status(_without_folders("lstat")(path, **options))


def _open(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)
    return int(_without_folders("open")(path, flags, *arguments, **options))


def _rename(old: Any, new: Any, **options: Any) -> None:
    if os.path.lexists(new):
        raise FileExistsError(errno.EEXIST, "File exists", old, None, new)
    _without_folders("rename")(old, new, **options)


def _replace(old: Any, new: Any, **options: Any) -> None:
    if os.path.isdir(new):
        raise PermissionError(errno.EACCES, "Access is denied", old, None, new)
    _without_folders("replace")(old, new, **options)


def _kill(number: int, which: int) -> None:
    if which == 0:
        raise AssertionError("this would send Ctrl-C to a group of processes")
    os.kill(number, which)


def _signal(number: int, handler: Any) -> Any:
    if number not in [getattr(signal, name, 21) for name in _SIGNALS]:
        raise ValueError("invalid signal value")
    return signal.signal(number, handler)


_OS = {
    "name": "nt",
    "O_BINARY": 0,
    "O_NOINHERIT": os.O_CLOEXEC,
    "supports_dir_fd": set(),
    "supports_fd": set(),
    "open": _open,
    "stat": _stat,
    "lstat": _lstat,
    "rename": _rename,
    "replace": _replace,
    "kill": _kill,
    **{name: _without_folders(name) for name in ("mkdir", "rmdir", "unlink", "remove", "listdir")},
}


def _locking(descriptor: int, mode: int, n_bytes: int) -> None:
    """As that of Windows, by Linux's locks that belong to an open file."""
    kind = fcntl.F_UNLCK if mode == _LK_UNLCK else fcntl.F_WRLCK
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    wanted = struct.pack("hhqqi4x", kind, os.SEEK_SET, position, n_bytes, 0)
    is_to_read = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    try:
        if is_to_read:  # Windows locks it, Linux only looks: nobody tells that it is not locked
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, wanted)
            if struct.unpack("hhqqi4x", found)[0] != fcntl.F_UNLCK:
                raise PermissionError(errno.EACCES, "Permission denied")
        else:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise PermissionError(errno.EACCES, "Permission denied") from None
        raise


_LK_UNLCK, _LK_NBLCK = 0, 2
_msvcrt = types.ModuleType("msvcrt")
_msvcrt.__dict__.update(locking=_locking, LK_UNLCK=_LK_UNLCK, LK_NBLCK=_LK_NBLCK)


def _is_no_signal(name: str) -> bool:
    is_other = name.startswith("SIG") and name.isalnum() and name not in _SIGNALS
    return is_other or bool(_NOT_IN_SIGNAL.fullmatch(name))


_MODULES: dict[str, types.ModuleType] = {
    "os": _Like(os, _OS, _NOT_IN_OS.fullmatch),
    "signal": _Like(signal, {"signal": _signal, "SIGBREAK": 21}, _is_no_signal),
    "sys": _Like(sys, {"platform": "win32"}, lambda name: False),
    "stat": _Like(stat, {"IO_REPARSE_TAG_MOUNT_POINT": 0xA0000003}, lambda name: False),
    "msvcrt": _msvcrt,
}
_import = builtins.__import__


def _import_like_windows(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> Any:
    if not level and str((globals or {}).get("__name__")).partition(".")[0] == "rtcan_cli":
        if name in _NO_MODULES:
            raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
        if name in _MODULES:
            return _MODULES[name]
    return _import(name, globals, locals, fromlist, level)


builtins.__import__ = _import_like_windows

# Files of the folder.
_NO_LETTERS = re.compile(r'[<>:"|?*\x00-\x1f\\]')
_NO_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[. ]", re.IGNORECASE)


def _in_root(path: Any, at: int = -1) -> str | None:
    """A path below the folder, with its links followed but for the last part."""
    if isinstance(path, int) or at not in (-1, None):
        return None
    folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))
    full = os.path.join(os.path.realpath(folder), name)
    return full if full.startswith(ROOT + os.sep) else None


def _check_name(path: str) -> None:
    for part in path[len(ROOT) + 1 :].split(os.sep):
        if _NO_LETTERS.search(part) or _NO_NAMES.fullmatch(part):
            raise OSError(errno.EINVAL, f"Windows has no file called {part!r}", path)
    folder, name = os.path.split(path)
    with suppress(FileNotFoundError, NotADirectoryError):
        there = os.listdir(folder)
        alike = [each for each in there if each.casefold() == name.casefold()]
        if alike and name not in there:
            raise OSError(errno.EINVAL, f"Windows would take {alike[0]!r} for {name!r}", path)


def _open_files() -> Iterator[str]:
    """Files, by their paths, that processes of this machine have open."""
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # of another user, or it has ended
            for descriptor in os.listdir(f"/proc/{number}/fd"):
                with suppress(FileNotFoundError):
                    yield os.readlink(f"/proc/{number}/fd/{descriptor}")


def _refuse_in_use(path: str) -> None:
    if any(each == path or each.startswith(path + os.sep) for each in _open_files()):
        raise PermissionError(errno.EACCES, "The file is open in another program", path)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.mkdir"):
        at = arguments[2] if event == "os.mkdir" else -1
        if path := _in_root(arguments[0], at):
            _check_name(path)
    elif event == "os.remove":
        if path := _in_root(*arguments):
            _refuse_in_use(path)
    elif event == "os.rename":
        old, new = _in_root(arguments[0], arguments[2]), _in_root(arguments[1], arguments[3])
        for path in (old, new):
            if path:
                _refuse_in_use(path)
        if new:
            _check_name(new)


sys.addaudithook(_watch)

_fsync = os.fsync


def _fsync_to_write(file: Any) -> None:
    descriptor = file if isinstance(file, int) else file.fileno()
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    _fsync(descriptor)


os.fsync = _fsync_to_write
