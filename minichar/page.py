"""The studio as a page of its own, for people who want to play with it and see no code.

Voilà runs a notebook of one cell and shows what comes out of it. What a visitor gets is settled
here: the page and nothing else, given the token, and a kernel of their own, which runs nothing that
they send and ends when they leave. It still keeps one processor busy, and takes the memory that
their network needs, up to visiting.MEMORY.

    minichar studio --page        # needs the extra `page`
"""

import ipaddress
import json
import logging
import os
import secrets
import socket
import tempfile
import threading
import webbrowser
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_server import DEFAULT_STATIC_FILES_PATH
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import HTTPError
from traitlets import Int
from traitlets.config import Config

from minichar.course.files import CourseError
from minichar.device import install
from minichar.workers import NUM_THREADS

IP, PORT, MOST = "127.0.0.1", 8866, 20  # the last: visitors at once, from 85 MB each
AWAY, LOOK = 300, 30  # seconds without a page until a kernel ends, and between two looks for such
MISSING = f"the page needs Voilà: in the folder of the course, `{install('page')}` installs it"
TITLE = "The studio: a network learns to write"
WELCOME = """\
# The studio

A network is learning first names here, letter by letter, from nothing. Slide the **temperature**
and it writes more boldly; slide the **learning rate** and it learns faster, or falls over. Further
down you can give it another text, or build another network. What you save lasts until you leave.

<style>[class*="widget-html"] { min-width: 0; max-width: 100% }</style>"""
CODE = "from minichar import visiting\n\nvisiting.limit()\nvisiting.visit()"
# The templates of Voilà link to fonts and scripts elsewhere. Without them the page is the same, and
# works offline; 'unsafe-eval' is for the widgets, which compile what they check messages with.
POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' ws: wss:; "
    "frame-ancestors 'self'; form-action 'self'"
)
# All that runs in the browser, whatever else is installed here for JupyterLab.
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]


class Visitors(AsyncMappingKernelManager):
    """The kernels, one for each open page.

    A server takes every message of a kernel for a sign of life, and a training sends them all the
    time: it would go on for ever. So what counts here is whether a page is connected.

    `most` is how many there are at once, with those that are just starting.
    """

    most = Int(MOST, config=True)

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self.coming: set[str] = set()

    async def start_kernel(self, **settings: Any) -> str:
        if len(self.coming.union(self.list_kernel_ids())) >= self.most:
            raise HTTPError(503, reason=f"There are {self.most} visitors already. Try again later")
        quiet = ["--log-level=ERROR"]  # else a warning in the terminal for each visitor
        name = self.new_kernel_id(**settings)
        self.coming.add(name)
        try:
            return await super().start_kernel(kernel_id=name, extra_arguments=quiet, **settings)
        finally:
            self.coming.remove(name)

    def track_message_type(self, message_type: str | None) -> bool:
        return False

    def notify_disconnect(self, kernel_id: str) -> None:
        super().notify_disconnect(kernel_id)
        if kernel_id in self:
            self.get_kernel(kernel_id).last_activity = datetime.now(UTC)


def notebook() -> dict[str, Any]:
    """The notebook that is shown, in the shape of nbformat."""
    empty = {"metadata": {}, "outputs": [], "execution_count": None}
    cells = [
        {"cell_type": "markdown", "id": "welcome", "metadata": {}, "source": WELCOME},
        {"cell_type": "code", "id": "studio", "source": CODE, **empty},
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "title": TITLE}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def configuration(path: Path, ip: str, port: int, token: str, most: int = MOST) -> Config:
    """Voilà's, for the notebook at `path` and nothing else; an empty `token` asks for none."""

    def let_in(request: Any, **_: Any) -> None:
        _ = request.xsrf_token  # sets a cookie, without which a page cannot say that it is closed

    voila = {
        "config_file_paths": [],  # whatever else this machine serves with Voilà
        "notebook_path": str(path),
        "connection_dir_root": str(path.parent.parent),
        "ip": ip,
        "port": port,
        "port_retries": 0,
        "token": token,
        # The usual one lets whoever has the token set a password, which it writes to a file.
        "identity_provider_class": "voila.voila_identity_provider.VoilaIdentityProvider",
        "tornado_settings": {
            "headers": {"Content-Security-Policy": POLICY},
            # A page elsewhere may give this machine a name of its own, to get in: DNS rebinding.
            "allow_remote_access": not only_here(ip),
            "static_path": DEFAULT_STATIC_FILES_PATH,  # for the pages of errors
            "log_function": lambda handler: None,  # nor has the token to be on show here
        },
        "open_browser": False,  # it would open the page without the token
        "log_level": "ERROR",
    }
    shown = {
        "strip_sources": True,
        "show_tracebacks": False,
        "file_allowlist": [],  # what it allows is served without a token
        "extension_allowlist": EXTENSIONS,
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "multi_kernel_manager_class": Visitors,
        "prelaunch_hook": let_in,
    }
    ends = {"cull_idle_timeout": AWAY, "cull_interval": LOOK, "most": most}
    return Config({"Voila": voila, "VoilaConfiguration": shown, "Visitors": ends})


def only_here(ip: str) -> bool:
    """Whether nobody but this machine itself can reach what listens on `ip`."""
    try:
        return ip == "localhost" or ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def free(ip: str, port: int) -> int:
    """The port, or for 0 one that is free; raises OSError if nobody can listen there."""
    try:
        if port > 65535:  # the system would quietly take another
            raise OSError("the last one is 65535")
        sockets = bind_sockets(port, ip)
    except OSError as error:
        why = f"port {port} of {ip} cannot be used ({error.strerror or error})"
        raise OSError(f"{why}; --port 0 finds a free one") from None
    port = sockets[0].getsockname()[1]
    for listening in sockets:
        listening.close()
    return port


def address(ip: str, port: int, token: str) -> str:
    """What a browser is to open."""
    host = socket.gethostname() if ip in ("", "0.0.0.0", "::") else ip
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}/" + (f"?token={token}" if token else "")


def serve(
    ip: str = IP, port: int = PORT, ask: bool = True, browser: bool = True, most: int = MOST
) -> int:
    """Serve the page until Ctrl-C, and print its address; returns the exit code.

    `ask` for a token, which the address has; open a `browser`; let in so many at `most`. Raises
    CourseError without Voilà, and OSError where it cannot listen.
    """
    if not find_spec("voila"):
        raise CourseError(MISSING)
    from voila.app import Voila  # an extra

    port, token = free(ip, port), secrets.token_hex(24) if ask else ""
    logging.getLogger("tornado").setLevel(logging.ERROR)  # what it warns of has the token in it
    for variable in NUM_THREADS:  # the visitors share the processors
        os.environ.setdefault(variable, "1")
    with tempfile.TemporaryDirectory(prefix="minichar-page-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "page", "studio.ipynb")
        path.parent.mkdir()
        path.write_text(json.dumps(notebook()), encoding="utf-8")
        app = Voila(config=configuration(path, ip, port, token, most))
        app.initialize([])
        IOLoop.current().add_callback(_tell, address(ip, port, token), ip, token, browser)
        app.start()
    return 0


def _tell(url: str, ip: str, token: str, browser: bool) -> None:
    """Once it listens: say where."""
    print(f"The studio is served at {url}\nCtrl-C ends it.", flush=True)
    if not token and not only_here(ip):
        print("Nobody is asked for a token: anyone who can reach this machine gets in.", flush=True)
    if browser:
        threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
