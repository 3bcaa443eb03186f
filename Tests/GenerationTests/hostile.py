"""A command that tries to do what no confined command may. It prints what it could do, and how much that is as the last line.

Usage: hostile.py STATE RUNTIME [NEIGHBOUR...]
  STATE      londid's state directory, with a file `state.sqlite`
  RUNTIME    where its sockets are, at any depth
  NEIGHBOUR  the pid of a process that is neither londid's nor the command's
What it asks of processes would not hurt them: signal 0, and limits that they have already.
"""

import ctypes
import os
import pathlib
import resource
import signal
import socket
import sys

STATE, RUNTIME = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
NEIGHBOURS = [int(pid) for pid in sys.argv[3:]]
LONDID = os.getppid()
SCRATCH = pathlib.Path(os.environ.get("TMPDIR", STATE.parent))
DATABASE = STATE / "state.sqlite"
LIBC = ctypes.CDLL(None, use_errno=True)
ATTEMPTS = {}


def attempt(function):
    ATTEMPTS[function.__name__] = function


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def call(number, *arguments):
    """A system call, by its number."""
    words = [argument if isinstance(argument, bytes) else ctypes.c_long(argument) for argument in arguments]
    return checked(LIBC.syscall(ctypes.c_long(number), *words))


@attempt
def read_the_state():
    DATABASE.read_bytes()


@attempt
def list_the_state():
    os.listdir(STATE)


@attempt
def list_the_sockets():
    os.listdir(RUNTIME)


@attempt
def read_the_state_by_a_link():
    link = SCRATCH / "link"
    link.symlink_to(STATE)
    try:
        (link / "state.sqlite").read_bytes()
    finally:
        link.unlink()


@attempt
def read_the_state_by_a_hard_link():
    os.link(DATABASE, SCRATCH / "hard")
    (SCRATCH / "hard").unlink()


@attempt
def read_the_state_by_londid():
    pathlib.Path(f"/proc/{LONDID}/root{DATABASE}").read_bytes()


@attempt
def take_londids_descriptors():
    os.readlink(f"/proc/{LONDID}/fd/0")


@attempt
def write_the_state():
    with open(DATABASE, "r+b"):
        pass


@attempt
def add_to_the_state():
    (STATE / "added").write_text("")


@attempt
def cut_the_state():
    os.truncate(DATABASE, 1 << 40)


@attempt
def open_the_state_to_all():
    os.chmod(STATE, 0o777)


@attempt
def open_the_state_to_all_by_descriptor():
    os.fchmod(os.open(STATE, os.O_RDONLY), 0o777)


@attempt
def open_the_state_to_all_by_the_newest_call():
    call(452, -100, os.fsencode(STATE), 0o777, 0)


@attempt
def give_the_state_away():
    os.chown(STATE, os.getuid(), os.getgid())


@attempt
def mark_the_state():
    os.setxattr(DATABASE, "user.mark", b"1")


@attempt
def remove_the_state():
    DATABASE.unlink()


@attempt
def move_the_state():
    STATE.rename(STATE.parent / "moved")


@attempt
def write_beside_the_state():
    pathlib.Path(STATE.parent, "beside").write_text("")


@attempt
def write_to_a_process():
    pathlib.Path("/proc/self/oom_score_adj").write_text("0")


@attempt
def connect_a_socket():
    socket.socket(socket.AF_UNIX).connect(os.fspath(RUNTIME / "io.londi"))


@attempt
def have_a_socket_of_the_machine():
    socket.socket(socket.AF_UNIX)


@attempt
def have_a_netlink_socket():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)


@attempt
def have_a_socket_of_the_network():
    socket.socket(socket.AF_INET)


@attempt
def have_datagrams():
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


@attempt
def have_a_ring():
    call(425, 1, bytes(256))


@attempt
def signal_londid():
    os.kill(LONDID, 0)


@attempt
def signal_londids_group():
    os.kill(-os.getpgid(LONDID), 0)


@attempt
def signal_everybody():
    os.kill(-1, 0)


@attempt
def signal_a_thread_of_londid():
    checked(LIBC.tgkill(LONDID, LONDID, 0))


@attempt
def signal_a_thread_of_londid_the_old_way():
    call({"x86_64": 200, "aarch64": 130}[os.uname().machine], LONDID, 0)


@attempt
def signal_londid_by_descriptor():
    signal.pidfd_send_signal(os.pidfd_open(LONDID), 0)


@attempt
def trace_londid():
    checked(LIBC.ptrace(0x4206, LONDID, None, None))


@attempt
def read_londids_memory():
    with open(f"/proc/{LONDID}/mem", "rb"):
        pass


@attempt
def limit_londid():
    resource.prlimit(LONDID, resource.RLIMIT_NOFILE, resource.prlimit(LONDID, resource.RLIMIT_NOFILE))


@attempt
def slow_londid():
    os.setpriority(os.PRIO_PROCESS, LONDID, os.getpriority(os.PRIO_PROCESS, LONDID))


@attempt
def bind_londid_to_a_processor():
    os.sched_setaffinity(LONDID, os.sched_getaffinity(0))


@attempt
def leave_the_group():
    os.setpgid(0, 0)


@attempt
def leave_the_session():
    if os.fork() == 0:
        try:
            os.setsid()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.wait()[1] != 0:
        raise PermissionError


@attempt
def signal_a_neighbour():
    if not NEIGHBOURS:
        raise PermissionError
    os.kill(NEIGHBOURS[0], 0)


done = []
for name, function in ATTEMPTS.items():
    try:
        function()
        done.append(name)
    except OSError:
        pass
print(*done, len(done), sep="\n")
