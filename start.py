"""Set up the course in this folder, once, and open it. Needs nothing but Python 3.11 or newer.

python3 start.py              open JupyterLab on the first lesson
python3 start.py lab 03       open another one
python3 start.py test         run the tests; further words go to pytest
python3 start.py setup        only make the environment, in .venv
python3 start.py doctor       check the set-up

In the same way: studio, check, progress, reset, data, train, sample, score, show, site, lessons.
Each says what it takes: python3 start.py train --help

If it is stopped or fails half-way, start it again.
"""

import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
BIN = ENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = ENV / "made-for"  # written last: an environment without it is not finished
LOG = ENV / "install.log"
BEGUN = time.monotonic()

# Two files at a time, in their order, so that no long one is left for the end. The cells of a
# lesson need one kernel, so a file stays whole.
BY_TWOS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]

FULL = "The disk is full: make room (it takes about 1 GB, part of it in the temporary folder)"
FAILURES = [  # what venv or pip printed, and what to say about it; the first that fits counts
    (r"No space left|Disk quota|Errno 28\b|WinError 112\b", FULL),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The packages could not be fetched over a secure connection: check this computer's clock,"
        " or set PIP_CERT to your network's certificate",
    ),
    (
        r"NewConnection|new connection|[Cc]onnection ?(aborted|broken|refused|reset)|ConnectTimeout"
        r"|[Rr]ead timed out|name resolution|getaddrinfo|unreachable|Proxy|from versions: none",
        "The packages could not be fetched: check that this computer is online (behind a proxy,"
        " set HTTPS_PROXY)",
    ),
    (
        r"WinError (5|32)\b",
        "A file is in use, or may not be written: end JupyterLab, or move the course to a folder"
        " of your own",
    ),
    (
        r"Windows Long Path",
        "The path of the folder that the course is in is too long for Windows: move the course to"
        " a folder like C:\\minichar",
    ),
    (
        r"Permission denied|Read-only file system|Errno (13|30)\b",
        "This folder cannot be written to: move the course to a folder of your own",
    ),
    (
        r"No matching distribution|Failed (to build|building)|metadata-generation-failed",
        "A package is not available for this Python on this computer: use Python 3.12 or 3.13",
    ),
    (
        r"ensurepip is not|No module named '?(ensurepip|venv)",
        "This Python lacks the part that makes environments: on Debian or Ubuntu, run"
        " `sudo apt install python3-venv`",
    ),
]


def too_old():
    """The line for a Python that cannot run the course; it names one on this computer that can."""
    probe = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    line = f"This course needs Python 3.11 or newer, and this is Python {sys.version.split()[0]}."
    for name in filter(shutil.which, ("python3.13", "python3.12", "python3.11", "python3.14")):
        if subprocess.call([name, "-c", probe], stderr=subprocess.DEVNULL) == 0:
            return f"{line} This computer has a newer one: {name} start.py"
    return f"{line} Install a newer one, such as 3.12."


def explain(output, free):
    """What to say about a failure, from what was printed and the bytes free on the disk."""
    for pattern, line in FAILURES:
        if re.search(pattern, output):
            return f"{line}, then start again."
    if free < 20_000_000:  # venv does not print what stopped it
        return f"{FULL}, then start again."
    last = "\n".join(output.splitlines()[-12:])
    return f"{last}\nThe set-up failed (all that was printed: {LOG}). You can start it again."


def say(text, end="\n"):
    """Print what goes on, apart from the output of a command, which may be meant for a file."""
    print(text, end=end, file=sys.stderr, flush=True)


def wanted():
    """What a finished environment is stamped with: packages, Python and place it was made for."""
    import tomllib  # from 3.11 on; an older Python must still be able to read this file

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    made_for = repr((project, pins, sys.version_info[:2], str(ROOT)))
    return hashlib.sha256(made_for.encode()).hexdigest()


def stage(lines):
    """Where an installation stands, read off the lines that pip has printed so far."""
    for line in reversed(lines):
        if line.startswith("Installing collected packages:"):
            total = line.count(",") + 1
            done = len([*ENV.glob("lib/*/*/*.dist-info"), *ENV.glob("Lib/*/*.dist-info")])
            return f"unpacking packages, {min(done, total)} of {total}"
        if "Retrying" in line:
            return "no answer from the network, trying again"
        if line.startswith("Collecting "):
            count = sum(line.startswith("Collecting ") for line in lines)
            return f"fetching packages, {count}: {re.split('[^A-Za-z0-9._-]', line)[1]}"
    return "getting ready"


def step(*command):
    """Run one step of the installation and show where it stands; stop with a line if it fails."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=str(ROOT),
        env=dict(os.environ, PIP_USER="0", PYTHONIOENCODING="utf-8"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        close_fds=False,  # the lock goes along, and holds even if this program is killed
    )
    lines, terminal = [], sys.stderr.isatty()
    reader = threading.Thread(target=lambda: [lines.append(line) for line in process.stdout])
    reader.daemon = True
    reader.start()
    try:
        while reader.is_alive():
            reader.join(0.5 if terminal else 4)
            seconds = time.monotonic() - BEGUN
            line = f"  {stage(lines)} ({seconds:.0f} s)" if reader.is_alive() else ""
            if terminal:
                width = shutil.get_terminal_size().columns - 1
                say(line[:width].ljust(width), end="\r")
            elif line:
                say(line)
    except KeyboardInterrupt:
        process.kill()
        process.wait()
        raise
    if process.wait():
        output = "".join(lines)
        if ENV.is_dir():
            LOG.write_text(output, "utf-8")
        sys.exit(explain(output, shutil.disk_usage(str(ROOT)).free))


def point_home():
    """Tell .venv where the course is by a relative path of dots, which has no letters in it.

    pip writes the whole path, in UTF-8; up to Python 3.12 it is read as the system writes letters,
    and on Windows a folder with an accent in its name is then not found.
    """
    for path in [*ENV.glob("lib/*/*/_minichar.pth"), *ENV.glob("Lib/*/_minichar.pth")]:
        way = os.path.relpath(str(ROOT), str(path.parent)) + "\n"
        if path.read_text("utf-8", "replace") != way:
            path.write_text(way, "utf-8")


def make_environment():
    """Make .venv as pyproject.toml and constraints.txt say, unless it is as they say already."""
    want = wanted()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text("utf-8", "replace") == want:
        return point_home()  # an extra that was installed since has brought pip's own path back
    say(f"Making the environment in {ENV} (once, a minute or two)")
    if STAMP.exists():
        STAMP.unlink()
    # Rather than sys.executable, which may lie in the very environment that is made again here.
    python = getattr(sys, "_base_executable", None) or sys.executable
    step(python, "-m", "venv", "--clear", ENV)
    pip = (PYTHON, "-m", "pip", "install", "--disable-pip-version-check")
    step(*pip, "-c", "constraints.txt", "-e", ".[test]")
    point_home()
    STAMP.write_text(want, "utf-8")


def alone(work):
    """Do the work while no other start.py does it in this folder; wait for one that does.

    Where there is no fcntl, nobody waits.
    """
    with open(__file__, "rb") as lock:
        if fcntl:
            os.set_inheritable(lock.fileno(), True)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another start.py that is at work in this folder")
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError:  # a disk that knows no locks
                pass
        work()


def order(words):
    """What the words on the command line ask of the environment's Python."""
    if words[:1] == ["test"]:
        return ["-m", "pytest", *BY_TWOS, *words[1:]]
    options = words[1:] if words[:1] == ["lab"] else words
    if words == ["--version"] or options and not options[0].startswith("-"):
        return ["-m", "minichar", *words]
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    # By its address, which it prints too. Named as a file, its folder would be all there is to see,
    # and links to the files of the package would lead nowhere.
    address = "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"
    return ["-m", "jupyterlab", "--ServerApp.root_dir=.", address, *root, *options]


def main(words):
    """Make the environment if need be, then become the program that the words ask for."""
    if words[:1] in (["-h"], ["--help"], ["help"]):
        return print(__doc__.strip())
    if sys.version_info < (3, 11):
        sys.exit(too_old())
    try:
        alone(make_environment)
    except KeyboardInterrupt:
        sys.exit("\nStopped half-way. Start again to go on.")
    except OSError as error:
        sys.exit(explain(str(error), shutil.disk_usage(str(ROOT)).free))
    if words == ["setup"]:
        return print("The environment is ready.")
    # As `activate` does: in JupyterLab's terminals, `minichar` and `pytest` are those of .venv.
    path = str(BIN) + os.pathsep + os.environ.get("PATH", "")
    env = dict(os.environ, VIRTUAL_ENV=str(ENV), PATH=path)
    if "minichar" in order(words):  # which ends, and with it that PATH: its advice is typed here
        again = ["py" if os.name == "nt" else "python3", sys.argv[0]]
        join = subprocess.list2cmdline if os.name == "nt" else shlex.join
        env["MINICHAR_COMMAND"] = join(again)
    if words[:1] == ["test"]:
        env.update((name + "_NUM_THREADS", "1") for name in ("OPENBLAS", "OMP", "MKL"))
    program = [str(PYTHON), *order(words)]
    if "minichar" not in program:  # whose words may be paths, seen from where they were typed
        os.chdir(str(ROOT))
    if os.name == "nt":
        # Ctrl-C is for the program, which may have something to save; `call` would end it at once.
        signal.signal(signal.SIGINT, lambda *_: None)
        sys.exit(subprocess.call(program, env=env))
    os.execve(program[0], program, env)


if __name__ == "__main__":
    main(sys.argv[1:])
