"""The command line: `minichar`, or `python -m minichar`.

minichar lab             open lesson 00 in JupyterLab (`minichar lab 03`: another one)
minichar studio          watch a network learn a text (with --page: a page without code)
minichar check 03        judge your answers in lesson 03 (without a number: in all)
minichar progress        what is solved and open (--json: to send; files or folders: of a class)
minichar reset 03        start a lesson again; your file is kept beside it
minichar data            the texts known by name (`minichar data get NAME` fetches one)
minichar train TEXT      train a network on a text
minichar sample MODEL    have a trained network write
minichar score MODEL     how well a network predicts a text
minichar show MODEL      what a model's file holds
minichar doctor          what this machine has, for when something does not work
minichar site OUT        build the course as a web site that needs no installation
minichar lessons         (for writing lessons) derive notebooks/ from solutions/
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from minichar import commands as networks
from minichar import data_command, show_command
from minichar.course import classroom, files, progress
from minichar.course.files import CourseError, Lesson
from minichar.course.progress import Report, Verdict
from minichar.terminal import as_typed, called, ended, refuse


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 is well, 1 something left to do, 2 a mistake."""
    return ended(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog=called(),
        description="Character-level recurrent networks, built up lesson by lesson.",
        epilog=f"`{called('lab')}` opens lesson 00: start there.",
    )
    parser.error = partial(refuse, parser)
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name, run, text):
        made = commands.add_parser(name, help=text, description=text)
        made.error = partial(refuse, made)
        made.set_defaults(run_command=run, refuse=made.error)
        return made

    number = {"metavar": "NN", "help": "the number of a lesson, as in 03"}
    made = command("lab", open_lab, "open a lesson in JupyterLab: 00 if you name none")
    made.add_argument("lesson", nargs="?", default="00", **number)
    _add_studio(command)
    made = command("check", check_answers, "judge your answers in a lesson, or in all of them")
    made.add_argument("lesson", nargs="?", **number)
    made = command("progress", show_progress, "what is solved, borrowed and open, by lesson")
    made.add_argument("--json", action="store_true", help="print it as one line, to hand in")
    text = "for a class: a learner's course folder, or a file with what --json printed"
    made.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=text)
    made = command("reset", reset_lesson, "put a lesson back as it was, and keep your file")
    made.add_argument("lesson", **number)
    data_command.add(command("data", data_command.run, "list the texts known by name; fetch one"))
    networks.add(command)
    show_command.add(command)
    command("doctor", show_doctor, "check the set-up: Python, packages, threads, GPU")
    made = command("site", build_site, "build the course as a web site, to use without installing")
    made.add_argument("out", type=Path, metavar="OUT", help="the folder to write it into")
    text = "a folder with a Pyodide distribution to include, for use without a network"
    made.add_argument("--pyodide", type=Path, metavar="FOLDER", help=text)
    made = command("lessons", derive_lessons, "to write lessons: derive notebooks/ from solutions/")
    either = made.add_mutually_exclusive_group()
    either.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    either.add_argument("--run", action="store_true", help="run the solutions first")

    options, more = parser.parse_known_args(argv)
    refused = vars(options).pop("refuse", parser.error)  # names the help of the command itself
    if more:
        quotes = "" if more[0].startswith("-") else " (a name with spaces in it needs quotes)"
        refused(f"unrecognized arguments: {' '.join(more)}{quotes}")
    if vars(options).pop("version"):  # a command does not see it
        from minichar.course import doctor

        print("minichar", doctor.package("minichar")[0])
        return 0
    if not hasattr(options, "run_command"):
        parser.print_help()
        return 2
    return options.run_command(options)


def open_lab(options: argparse.Namespace) -> int:
    """Start JupyterLab on a lesson and stay until it ends."""
    from minichar.course import lessons  # slow to import

    notebook = files.find_lesson(options.lesson).notebook
    if not notebook.exists():
        lessons.reset(options.lesson)
    return _open(notebook)


def _add_studio(command: Callable[..., argparse.ArgumentParser]) -> None:
    made = command("studio", open_studio, "watch a network learn a text and play with it meanwhile")
    made.add_argument("--page", action="store_true", help="serve it as a page without any code")
    group = made.add_argument_group("with --page", argument_default=argparse.SUPPRESS)
    text = "the address to listen on (default 127.0.0.1: nobody gets in from another computer)"
    group.add_argument("--ip", metavar="IP", help=text)
    text = "the port to listen on; 0: one that is free (default 8866)"
    group.add_argument("--port", type=networks.whole(0), metavar="N", help=text)
    text = "how many people may use it at once (default 20)"
    group.add_argument("--visitors", type=networks.whole(1), dest="most", metavar="N", help=text)
    text = "let in anyone who finds the page (default: only with the address printed here)"
    group.add_argument("--no-token", action="store_false", dest="ask", help=text)
    text = "do not open a browser here"
    group.add_argument("--no-browser", action="store_false", dest="browser", help=text)


def open_studio(options: argparse.Namespace) -> int:
    """Start JupyterLab on the studio, or serve it as a page, and stay until it ends."""
    given = {name: v for name, v in vars(options).items() if name not in ("page", "run_command")}
    if options.page:
        from minichar import page  # slow to import

        return page.serve(**given)
    if given:
        raise CourseError("these options need --page, as in minichar studio --page --port 8866")
    return _open(files.course_folder() / "notebooks" / "studio.ipynb")


def _open(notebook: Path) -> int:
    command = [sys.executable, "-m", "jupyter", "lab", "--ServerApp.root_dir=."]  # links lead there
    command.append(f"--LabApp.default_url=/lab/tree/notebooks/{notebook.name}")  # printed, too
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # JupyterLab refuses root without this
        command.append("--allow-root")
    # Ctrl-C is for JupyterLab, which asks first; `call` would have killed it a moment later.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.call(command, cwd=notebook.parent.parent)
    finally:
        signal.signal(signal.SIGINT, before)


def check_answers(options: argparse.Namespace) -> int:
    """Judge one lesson or all; 0 only if every exercise is solved by the learner."""
    course = files.course_folder()
    chosen = [files.find_lesson(options.lesson)] if options.lesson else files.lessons(course)
    found: list[Verdict] = []
    for lesson in chosen:
        report = _judge(lesson)
        print(f"{lesson.number} {lesson.title}")
        for verdict in report.verdicts:
            _show(verdict)
        for cell, reason in report.broken.items():
            print(f"  {cell} is not an exercise, and stopped with {reason}")
        found += report.verdicts
    print(progress.summary(found))
    if any(v.state == "borrowed" for v in found):
        print("A borrowed answer does not count as solved.")
    return 0 if all(v.state == "solved" for v in found) else 1


def _judge(lesson: Lesson) -> Report:
    """Judge a lesson now and remember the verdicts, telling a terminal how long it takes."""

    def tell(seconds: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{lesson.number} {lesson.title}: {seconds:3.0f} s", end="", file=sys.stderr)

    digest = progress.digest(lesson)
    try:
        report = progress.judge(lesson.notebook, tell)
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
    progress.remember(lesson.notebook.parent.parent, lesson, digest, report.verdicts)
    return report


def _show(verdict: Verdict) -> None:
    waits = verdict.state == "waits"
    print(f"  {verdict.number:5}{verdict.title:40} {verdict.message if waits else verdict.state}")
    for line in [] if waits else as_typed(verdict.message).splitlines():
        print(textwrap.fill(line, 96, initial_indent=" " * 7, subsequent_indent=" " * 9))


def show_progress(options: argparse.Namespace) -> int:
    """A line for each lesson, or learner; only what has changed since is judged again."""
    judge = partial(classroom.verdicts, judge=lambda lesson: _judge(lesson).verdicts)
    if options.paths:
        everyone = classroom.gather(options.paths, judge)
        print(json.dumps(everyone) if options.json else classroom.table(everyone))
        return 0
    rows = judge(files.course_folder())
    if options.json:
        print(classroom.dumps(rows))
        return 0
    everything = [verdict for _, verdicts in rows for verdict in verdicts]
    print(f"{'lesson':30}{'solved':>10}{'borrowed':>10}{'open':>6}")
    for title, verdicts in [*rows, ("all", everything)]:
        solved, borrowed = (sum(v.state == s for v in verdicts) for s in ("solved", "borrowed"))
        left = len(verdicts) - solved - borrowed
        print(f"{title:30}{f'{solved} of {len(verdicts)}':>10}{borrowed:>10}{left:>6}")
    return 0


def reset_lesson(options: argparse.Namespace) -> int:
    """Restore a lesson, and say where the learner's file went."""
    from minichar.course import lessons  # slow to import

    name = files.find_lesson(options.lesson).notebook.name
    copy = lessons.reset(options.lesson)
    kept = f"; yours is kept as notebooks/{copy.name}" if copy else ""
    print(f"notebooks/{name} is as it was shipped{kept}.")
    if copy:
        print("If it is open in JupyterLab, choose File > Reload Notebook from Disk.")
    return 0


def show_doctor(_: argparse.Namespace) -> int:
    """What this machine has."""
    from minichar.course import doctor

    print(doctor.text())
    return 0


def build_site(options: argparse.Namespace) -> int:
    """Build the static site, telling what is being done."""
    from minichar.course.site import building  # slow to import

    building.build(options.out, options.pyodide, tell=lambda line: print(f"  {line}", flush=True))
    print(f"The site is in {options.out}. To see it: `python -m http.server -d {options.out}`.")
    return 0


def derive_lessons(options: argparse.Namespace) -> int:
    """Bring solutions/ and notebooks/ in step, or only say what is not."""
    from minichar.course import lessons  # slow to import

    if not options.check:
        for line in lessons.update(run=options.run):
            print(line)
        return 0
    different = lessons.differing()
    for path in different:
        print(f"{path.parent.name}/{path.name} is not what its solution gives")
    if different:
        print("`minichar lessons` brings them up to date.")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
