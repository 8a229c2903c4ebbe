"""Kernels of papermill, forked from a process that has imported what pages need (see `kernel_template`).

`kernel_template()` keeps such a process for the notebooks run inside it. A process that is started there, as DVC's
stages are by `seewhy report`, uses the same one; one that is started otherwise makes its own. What a kernel computes
does not depend on how it was started.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

SOCKET = "SEEWHY_KERNELS"  # environment variable: where the template listens
MODULE = "ipykernel_launcher"  # after it, the arguments of a kernel's command begin


@contextmanager
def kernel_template() -> Iterator[None]:
    """Keeps a template process for the kernels that are started inside; does nothing where there is one already."""
    if SOCKET in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="seewhy-") as folder:
        path = str(Path(folder, "kernels"))
        command = [sys.executable, "-m", "seewhy.pipeline.kernel_template", path]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        os.environ[SOCKET] = path
        try:
            yield
        finally:
            del os.environ[SOCKET]
            assert process.stdin is not None
            process.stdin.close()
            process.terminate()
            process.wait()


class ForkedProcess:
    """A forked kernel, with as much of `subprocess.Popen` as jupyter_client asks for."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pid = int(self._read_line())
        self.returncode: int | None = None

    def _read_line(self) -> str:
        text = b""
        while not text.endswith(b"\n"):
            if not (part := self.connection.recv(1)):
                raise OSError("the process that kernels are forked from has ended")
            text += part
        return text.decode()

    def poll(self) -> int | None:
        """The exit code, or None while the kernel runs."""
        if self.returncode is None:
            self.connection.setblocking(False)
            with suppress(BlockingIOError):
                self._record_exit()
            self.connection.setblocking(True)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when the kernel has ended."""
        if self.returncode is None:
            self.connection.settimeout(timeout)
            self._record_exit()
        return self.returncode or 0

    def _record_exit(self) -> None:
        try:
            self.returncode = int(self._read_line())
        except BlockingIOError:
            raise
        except (OSError, ValueError):
            self.returncode = -signal.SIGKILL

    def send_signal(self, number: int) -> None:
        """Sends the kernel a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Asks the template for a kernel; starts one as usual where there is no template."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """The kernel's connection, once it is started."""
        if SOCKET not in os.environ or MODULE not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        connection = _connect_template(os.environ[SOCKET])
        asked = {
            "arguments": cmd[cmd.index(MODULE) + 1 :],
            "env": kwargs.get("env") or dict(os.environ),
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
        }
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            streams = [nothing.fileno(), sys.__stdout__.fileno(), sys.__stderr__.fileno()]  # type: ignore[union-attr]
            socket.send_fds(connection, [json.dumps(asked).encode() + b"\n"], streams)
            self.process = kernel = ForkedProcess(connection)  # type: ignore[assignment]
            self.pid = self.pgid = kernel.pid  # type: ignore[assignment]
        self.cwd = asked["cwd"]
        return self.connection_info


class ForkingManager(AsyncKernelManager):
    """A kernel manager whose kernels are forked."""

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        self.kernel_id = self.kernel_id or kw.pop("kernel_id", str(uuid.uuid4()))
        if self.provisioner is None:
            self.provisioner = ForkProvisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)


def _connect_template(path: str) -> socket.socket:
    """A connection to the template, which listens before it has imported anything."""
    end = time.monotonic() + 60
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
            return connection
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
