"""A process that has imported what pages need and computed nothing; kernels are forked from it in no time.

    python -m seewhy.pipeline.kernel_template SOCKET

It listens at a Unix socket. A request is one JSON object (`arguments` of the kernel, `env`, `cwd`) with three file
descriptors for stdin, stdout and stderr; the answer is the kernel's pid in one line and, when the kernel has ended,
its exit code in another. Who closes the connection kills the kernel. The process ends when its stdin does, and takes
its kernels along, so that nothing outlives the command that started it.

What is imported must start no thread and no context of ZMQ, and compute nothing: a fork copies the calling thread only.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, NoReturn

BACKEND = "module://matplotlib_inline.backend_inline"  # as ipykernel sets it, which matplotlib reads when imported
PRELOADED = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "IPython.core.interactiveshell", "torch", "torchvision", "timm",
    "pandas", "pyarrow.parquet", "matplotlib.figure", "matplotlib.pyplot", "matplotlib_inline.backend_inline",
    "scipy.stats", "sklearn.metrics", "seewhy.study", "seewhy.comparison", "seewhy.maps.attributions",
    "seewhy.report.figures", "seewhy.report.show",
)  # fmt: skip
LARGEST = 1 << 20  # bytes of a request: an environment and a few arguments


def serve_forks(path: str) -> None:
    """Listens, imports, and forks until stdin ends."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    _import_packages()
    selector, kernels = selectors.DefaultSelector(), dict[int, socket.socket]()
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    for source in (listener, ended, sys.stdin.fileno()):
        selector.register(source, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj == sys.stdin.fileno():
                for pid in kernels:
                    _kill_kernel(pid)
                return
            if key.fileobj == ended:
                os.read(ended, 4096)
            elif key.fileobj == listener:
                connection, _ = listener.accept()
                pid = _fork_kernel(connection, [listener, *kernels.values()])
                kernels[pid] = connection
                selector.register(connection, selectors.EVENT_READ, pid)
            elif not _is_open(key.fileobj):
                _kill_kernel(key.data)
                selector.unregister(key.fileobj)
        _report_ends(kernels, selector)


def _import_packages() -> None:
    os.environ["MPLBACKEND"] = BACKEND
    sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]  # noqa: PTH109
    for name in PRELOADED:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _fork_kernel(connection: socket.socket, others: list[socket.socket]) -> int:
    """The pid of a kernel that runs what the connection asks for; it holds none of the `others` open."""
    text, descriptors, *_ = socket.recv_fds(connection, LARGEST, 3)
    while b"\n" not in text:
        text += connection.recv(LARGEST)
    pid = os.fork()
    if not pid:
        for one in (connection, *others):
            one.close()
        _become_kernel(json.loads(text), descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.sendall(f"{pid}\n".encode())
    return pid


def _become_kernel(asked: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """In the child: a session of its own, the caller's folder, environment and streams, and ipykernel."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(argv=[*asked["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"])
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _is_open(connection: Any) -> bool:
    """Whether the other side is still there; nothing more is to be read from it."""
    with suppress(OSError):
        return bool(connection.recv(1))
    return False


def _report_ends(kernels: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    """Tells those who asked for a kernel that it has ended."""
    for pid, connection in list(kernels.items()):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with suppress(OSError):
                connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            with suppress(KeyError):
                selector.unregister(connection)
            connection.close()
            del kernels[pid]


def _kill_kernel(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve_forks(sys.argv[1])
