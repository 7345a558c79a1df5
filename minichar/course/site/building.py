"""Build the site: `minichar site OUT`, then serve OUT as it is, from any address and any folder.

JupyterLite (extra `site`) brings JupyterLab as static files and Pyodide, the Python that runs in a
browser. To it come the package as a wheel, with its texts and weights inside, the wheels that the
widgets need, the lessons, and the front page. Pyodide itself is fetched by the visitor's browser
from its makers' own host; given a folder with a distribution of it, the site has everything itself.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

from minichar.course.files import CourseError, checks, course_folder, lessons, read_notebook
from minichar.course.lessons import expected
from minichar.course.site import links
from minichar.course.site.front_page import front_page
from minichar.course.site.weights import packed
from minichar.device import install
from minichar.gallery import network

NETWORKS = ("names", "shakespeare", "python")  # of datasets/weights/lstm, for the front page
WIDGETS = ("ipywidgets", "jupyterlab_widgets", "comm")  # Pyodide has the rest of what we need
MISSING = (
    f"the site needs JupyterLite: in the folder of the course, `{install('site')}` installs it"
)
KERNEL = "@jupyterlite/pyodide-kernel-extension"
# Of JupyterLab's extensions these two, whatever else is installed here.
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", KERNEL)
# A lesson is short enough to be there whole: so a search in the page finds all of it, and a widget
# stays when it is scrolled out of sight.
SETTINGS = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
SOURCE = "package"  # the folder with the package's files, to read; were it called minichar, Python
# would import that instead of the wheel
FIRST_CELL = """\
# Here Python runs in your browser. This cell fetches the course's package: run it first, each time.
import logging

%pip install -q minichar
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)"""


def build(out: Path, pyodide: Path | None = None, tell: Callable[[str], None] = print) -> None:
    """Write all of the site into `out`: `assemble`, the lessons as pages, and the reference.

    `out` is new, empty, or an earlier site, which stays until all of this one is there. Raises
    CourseError as `assemble` does, for another folder, and for a link that leads nowhere.
    """
    if out.exists() and any(out.iterdir()) and not (out / "jupyter-lite.json").is_file():
        raise CourseError(f"{out} holds something else: name a folder that is new or empty")
    with tempfile.TemporaryDirectory(prefix="minichar-site-") as name:
        site = Path(name) / "site"
        assemble(site, pyodide, tell)
        from minichar.course import rendering  # its libraries are there, or `assemble` had refused

        rendering.render(course_folder() / "solutions", site / "read", tell)
        tell("the reference")
        rendering.reference(site / "reference")
        if found := links.dead(site):
            raise CourseError(f"{len(found)} links of the site lead nowhere, the first {found[0]}")
        if out.exists():
            shutil.rmtree(out)
        shutil.move(site, out)


def assemble(
    out: Path, pyodide: Path | None = None, tell: Callable[[str], None] = lambda line: None
) -> None:
    """Write what runs, and the front page, into `out`, which is new.

    `pyodide` is a folder with a Pyodide distribution to include, for use without a network;
    `tell` hears what is being done. Raises CourseError, in one line, when something is missing.
    """
    course = course_folder()
    if None in map(find_spec, ("jupyterlite_core", "jupyterlite_pyodide_kernel", "pdoc")):
        raise CourseError(MISSING)
    if pyodide is not None and not (pyodide / "pyodide-lock.json").is_file():
        raise CourseError(f"{pyodide} holds no Pyodide: there is no pyodide-lock.json in it")
    with tempfile.TemporaryDirectory(prefix="minichar-site-") as name:
        lite = Path(name)
        tell("the package and its wheels")
        (lite / "pypi").mkdir()
        wheels = ["-m", "pip", "wheel", "-q", "--no-deps", "-w", str(lite / "pypi")]
        _run([*wheels, "-c", str(course / "constraints.txt"), str(course), *WIDGETS], lite)
        tell("the lessons")
        (lite / "files").mkdir()
        write_lessons(course, lite / "files")
        for path in [*course.glob("minichar/*.py"), *course.glob("minichar/course/*.py")]:
            place = lite / "files" / SOURCE / path.relative_to(course / "minichar")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
        settings = {"pyodideUrl": "./static/pyodide/pyodide.js"} if pyodide else {}
        config = {"appName": "minichar", "settingsOverrides": SETTINGS}
        config["litePluginSettings"] = {f"{KERNEL}:kernel": settings}
        text = json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": config})
        (lite / "jupyter-lite.json").write_text(text, "utf-8")
        tell("JupyterLite")
        built = lite / "built"
        command = ["-m", "jupyter", "lite", "build", "--lite-dir", str(lite), "--apps", "lab"]
        command += ["--contents", str(lite / "files"), "--output-dir", str(built)]
        command.append("--ignore-sys-prefix")
        for extension in EXTENSIONS:
            place = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / extension
            command.append(f"--LiteBuildConfig.federated_extensions={place}")
        _run([*command, "--no-sourcemaps", "--no-unused-shared-packages"], lite)
        if pyodide:
            shutil.copytree(pyodide, built / "static" / "pyodide")
        tell("the front page")
        _front(course, built)
        shutil.move(built, out)


def write_lessons(course: Path, folder: Path) -> None:
    """The lessons and the studio, for the browser. As shipped: somebody may have worked in them."""
    for lesson in lessons(course):
        notebook = folder / lesson.notebook.name
        notebook.write_bytes(expected(lesson)[lesson.notebook])
        notebook.write_text(for_browser(notebook), "utf-8")
    studio = course / "notebooks" / "studio.ipynb"
    (folder / studio.name).write_text(for_browser(studio), "utf-8")


def for_browser(notebook: Path) -> str:
    """A lesson as it stands in the site: the same, with a cell first that fetches the package.

    Its links to files of the package lead to those in the folder SOURCE.
    """
    content = read_notebook(notebook)
    first = dict(cell_type="code", id="fetch-package", metadata={}, source=FIRST_CELL)
    first |= dict(execution_count=None, outputs=[])
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../minichar/", f"]({SOURCE}/")
    content.cells.insert(1, first)  # below the title
    return json.dumps(content, ensure_ascii=False, indent=1)


def _front(course: Path, built: Path) -> None:
    exercises = {x.number: len(checks(read_notebook(x.solution))) for x in lessons(course)}
    with as_file(files(__package__) / "pages") as pages:
        shutil.copytree(pages, built, dirs_exist_ok=True)  # index.html is filled in below
    lab = built / "lab" / "index.html"  # of JupyterLite, which has no setting for a script of ours
    head, body = lab.read_text("utf-8").split("</head>", 1)
    lab.write_text(f'{head}<script src="../keys.js"></script>\n</head>{body}', "utf-8")
    (built / "networks").mkdir()
    for name in NETWORKS:
        (built / "networks" / f"{name}.bin").write_bytes(packed(network(name)))
    shutil.copy(course / ".github" / "studio.png", built / "studio.png")
    readme = (course / "README.md").read_text(encoding="utf-8")
    (built / "index.html").write_text(front_page(readme, exercises), "utf-8")


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = ["it said nothing", *(done.stderr or done.stdout).strip().splitlines()]
        raise CourseError(f"`python {' '.join(command[:4])} …` failed: {said[-1]}")
