"""The workflow that publishes the site, as far as it can be tested without GitHub: what it says."""

import shlex
import tomllib
from pathlib import Path

import yaml

from minichar import __main__ as command_line

ROOT = Path(__file__).parent.parent
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8"))
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def test_it_runs_for_main_and_by_hand():
    started_by = WORKFLOW[True]  # YAML 1.1, which has `on` for true
    assert started_by.keys() == {"push", "workflow_dispatch"}
    assert started_by["push"] == {"branches": ["main"]}


def test_a_job_may_do_what_it_has_to_and_no_more():
    assert WORKFLOW["permissions"] == {}
    assert JOBS["build"]["permissions"] == {"contents": "read"}
    assert JOBS["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert JOBS["publish"]["needs"] == "build"


def test_its_commands_are_there(monkeypatch):
    install, build = (shlex.split(step["run"]) for step in STEPS if "run" in step)
    assert install == ["pip", "install", "-c", "constraints.txt", "-e", ".[site]"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "site" in project["optional-dependencies"] and "minichar" in project["scripts"]
    assert (ROOT / "constraints.txt").is_file()
    assert build[0] == "minichar"
    parsed = {}
    monkeypatch.setattr(command_line, "build_site", lambda options: parsed.update(vars(options)))
    command_line.main(build[1:])
    (kept,) = [s["with"]["path"] for s in STEPS if "upload-pages-artifact" in s.get("uses", "")]
    assert str(parsed["out"]) == kept and parsed["pyodide"] is None


def test_its_python_is_one_that_the_course_takes():
    (version,) = [
        s["with"]["python-version"] for s in STEPS if "python-version" in s.get("with", {})
    ]
    assert version == "3.12"
    assert f"python={version}" in (ROOT / "environment.yml").read_text("utf-8")
