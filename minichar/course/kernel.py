"""Run a notebook's cells one after another in a kernel, and notice when it dies or hangs.

`minichar check` is built on it, for every lesson. The kernel is nbval's, and always in the Python
that runs now, whatever name the notebook has for its own.

    kernel = Kernel(folder)
    kernel.run("1 / 0", patience=300).summary      # 'ZeroDivisionError: division by zero'
    kernel.stop()
"""

import ast
import re
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

ANSI = re.compile(r"\x1b\[[0-9;]*m")
STARTS = 3  # tries: two kernels that start at once may choose the same port, and one of them ends
GRACE = 10.0  # seconds between the interrupt and the end of the kernel


@dataclass(frozen=True)
class Outcome:
    """How a piece of code ended."""

    ok: bool = False
    name: str = ""  # of the exception
    text: str = ""  # its message
    traceback: str = ""
    answer: str | None = None  # the value of the expression that was asked for
    dead: bool = False  # the kernel ended

    @property
    def summary(self) -> str:
        """One line."""
        first = self.text.strip().splitlines()[:1]
        return ": ".join([self.name, *first]) if self.name else "".join(first)


class Kernel:
    """A Python kernel in a folder; it starts with the first piece of code."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.running: RunningKernel | None = None

    def run(self, code: str, patience: float, ask: str | None = None) -> Outcome:
        """Run `code` for at most `patience` seconds.

        `ask` is an expression for a text, evaluated after code that raised nothing. Whatever
        happens is in the outcome; nothing is raised.
        """
        try:
            self.running = self.running or self._start()
        except (RuntimeError, OSError) as error:
            return self._end(f"no kernel could be started ({error})")
        sent = self.running.kc.execute(
            code,
            store_history=False,
            allow_stdin=False,
            stop_on_error=False,
            user_expressions={"ask": ask} if ask else {},
        )
        late, until = False, time.monotonic() + patience
        while (reply := self._reply(sent)) is None:
            if not self.running.is_alive():
                return self._end("Python ended here (a call of exit, or no memory left?)")
            if time.monotonic() > until:
                if late:
                    return self._end(f"it ran for {patience:.0f} s and could not be interrupted")
                late, until = True, time.monotonic() + GRACE
                self.running.interrupt()
        if any(p.get("source") == "ask_exit" for p in reply.get("payload", [])):
            return self._end("Python ended here (a call of exit)")
        if reply["status"] == "ok":
            answer = reply["user_expressions"].get("ask", {}).get("data", {}).get("text/plain")
            return Outcome(ok=True, answer=ast.literal_eval(answer) if answer else None)
        lines = "\n".join(reply.get("traceback", []))
        text = reply.get("evalue", "")
        if late:
            text = f"it ran for {patience:.0f} s without ending, and was interrupted"
        return Outcome(name=reply.get("ename", ""), text=text, traceback=ANSI.sub("", lines))

    def _start(self) -> RunningKernel:
        for left in reversed(range(STARTS)):
            try:
                return RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(self.folder))
            except (RuntimeError, OSError):
                if not left:
                    raise

    def _reply(self, sent: str) -> dict | None:
        try:
            message = self.running.kc.get_shell_msg(timeout=0.5)
        except Empty:
            return None
        return message["content"] if message["parent_header"].get("msg_id") == sent else None

    def _end(self, text: str) -> Outcome:
        self.stop()
        return Outcome(text=text, traceback=text, dead=True)

    def stop(self) -> None:
        """End the kernel, if there is one."""
        if self.running is not None:
            self.running.stop()
            self.running = None
