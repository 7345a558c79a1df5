"""The course's own lessons: every exercise tested, every solution in step, every notebook sound."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import minichar as mc
from minichar import graph
from minichar.backend import of
from minichar.course import checking, files, lessons, progress
from minichar.course.checking import NotDone, Wrong, check

ROOT = Path(__file__).parents[1]
LESSONS = files.lessons(ROOT)
EXERCISES = checking.registered()
MISTAKES = [(n, name) for n, ex in EXERCISES.items() for name in ex.wrong]


def test_numbers_follow_the_modules():
    assert EXERCISES
    for number, ex in EXERCISES.items():
        lesson, place = map(int, number.split("."))
        module = f"minichar.course.exercises.lesson_{lesson:02d}.exercise_{place}"
        assert ex.test.__module__ == module
        assert f"{lesson}.1" in EXERCISES
        assert 1 <= len(ex.hints) <= 3 and all(a and b for a, b in ex.hints)
        assert len(ex.wrong) >= 3


def test_a_lesson_is_imported_when_it_is_first_asked_for():
    code = """
import sys
from minichar.course import checking
for _ in range(2):
    print({name.split(".")[3] for name in sys.modules if ".exercises.lesson" in name})
    checking.find("7.1")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n") == ["set()", "{'lesson_07'}", ""]


@pytest.mark.parametrize("number", EXERCISES)
def test_the_registered_answer_passes(number):
    check(number, EXERCISES[number].answer)
    assert checking.verdicts[number] == "borrowed"


@pytest.mark.parametrize("number,name", MISTAKES)
def test_every_registered_mistake_is_rejected(number, name):
    """As Wrong; a mistake that is meant to crash says so by its name ("crashes on ...")."""
    with pytest.raises(Wrong) as caught:
        check(number, EXERCISES[number].wrong[name])
    assert not caught.value.crashed or "crash" in name, caught.value


@pytest.mark.parametrize(
    "number, made, other",
    [
        ("4.5", "without the one that crosses", "each one above 1 - top_p"),
        ("8.5", "half, whatever the share", "keeps what it should drop"),
        ("9.4", "the halving is done on a copy, a gets its tanh alone", "the first block"),
        ("10.4", "k > n, not k >= n", "nothing stops a thread with k >= n"),
        ("10.4", "nothing stops a thread with k >= n", "k > n, not k >= n"),
        ("12.1", "only the last note", "small letters only"),
        ("12.4", "the last row and column not filled", "taking out is free"),
        ("12.4", "the edges written over", "letters in common"),
        ("12.4", "no way from the left, D[i, j-1]", "equal letters cost, too"),
        ("12.4", "exchanging is free", "the last row and column not filled"),
        ("12.4", "0 for equal letters, not the number above left", "the edges left at zero"),
        ("14.1", "hash(), which differs from process to process", "in the order of"),
    ],
)
def test_a_mistake_is_not_taken_for_another(number, made, other):
    with pytest.raises(Wrong) as caught:
        check(number, EXERCISES[number].wrong[made])
    assert made in str(caught.value) and other not in str(caught.value)


def test_an_end_that_closes_nothing_with_none_is_no_hole():
    with pytest.raises(Wrong, match=r"the pair \(None, 0\): leave out an end that closes nothing"):
        check("12.2", EXERCISES["12.2"].wrong["None where nothing is open"])


def test_half_an_answer_that_would_never_end_is_stopped():
    def never_doubled(a, b, combine):
        back = 1
        while back < len(b):
            a, b = combine((a, b), (a, b))

    def beyond_the_end(text, training):
        for start in range(len(text)):
            n = 1
            while text[start : start + n] in training:
                n += 1

    for number, f, says in (("15.3", never_doubled, "grow"), ("12.5", beyond_the_end, "stops")):
        with pytest.raises(Wrong, match=says) as caught:
            check(number, f)
        assert caught.value.crashed


def test_the_dropout_of_the_package_is_borrowed():
    def by_the_layer(x, share, rng):
        return mc.layers.Dropout(share)(graph.Tensor(x), rng).data

    check("8.5", by_the_layer)
    assert checking.verdicts["8.5"] == "borrowed"


def test_right_answers_in_other_words_are_right():
    def with_a_norm_for_each(gradients):
        return float(of(gradients[0]).sqrt(sum(of(g).linalg.norm(g) ** 2 for g in gradients)))

    def with_an_array_of_sums(gradients):
        return float(of(gradients[0]).array([(g * g).sum() for g in gradients]).sum()) ** 0.5

    def with_all_in_one_row(gradients):
        xp = of(gradients[0])
        return float(xp.linalg.norm(xp.hstack([g.flatten() for g in gradients])))

    for f in (with_a_norm_for_each, with_an_array_of_sums, with_all_in_one_row):
        check("10.2", f)
        assert checking.verdicts["10.2"] == "right"

    def by_plain_texts(settings):
        return ", ".join(f"{name}={settings[name]!r}" for name in sorted(map(str, settings)))

    check("14.1", by_plain_texts)


def by_the_formula(a, b, combine):
    a, b, back = a.copy(), b.copy(), 1
    while back < len(b):
        b[back:] += a[back:] * b[:-back]
        a[back:] = a[back:] * a[:-back]
        back *= 2
    return b


def test_a_list_of_true_and_false_is_right_in_11_1_and_shown_as_digits(capsys):
    def true_or_false(text):
        return [text[: t + 1].count('"') % 2 == 1 for t in range(len(text))]

    check("11.1", true_or_false)
    capsys.readouterr()
    cells = files.read_notebook(LESSONS[11].solution).cells
    shows = next(cell for cell in cells if cell.id == "in-quotes-show")
    exec(shows.source, {"in_quotes": true_or_false})
    assert capsys.readouterr().out == shows.outputs[0].text


cell_of_10_1 = EXERCISES["10.1"].answer


def of_the_held_out(train, held_out, orders):
    vocab = mc.Vocabulary.of(held_out)
    return min(orders, key=lambda k: mc.NGram(train, k, vocab).bits(held_out).mean())


SAID = {
    "half of the characters": ("2.4", of_the_held_out, "'X' .* is not in this model's 3"),
    "one of a pair": ("10.1", lambda a, c: a[:, : c.shape[1]], r"but an array of shape \(2, 3\)"),
    "no array": ("10.1", lambda a, c: {"h": a, "c": c}, "no pair, expected h and c"),
    "one wait": ("10.1", lambda a, c: a.any().item() and cell_of_10_1(a, c), "1 array came down"),
    "the norm first": ("5.4", lambda dW, limit: ({}, 1.0), "the norm is 1, expected"),
    "what does not fit": ("7.4", lambda g, shape: g.reshape(shape), r"for g of .* \(3,\) it st"),
    "one array": ("8.1", lambda ids, B: ids, "the result for 19 characters in 3 streams is an"),
    "nats of a piece": (
        "8.4",
        lambda losses, counts: np.exp((losses * counts).sum() / len(losses)),
        "mistake “divided by the number of pieces”",
    ),
    "the mask, too": ("8.5", lambda x, share, rng: (x, x > 0), "it returns several things, exp"),
    "the gates first": ("6.1", lambda W, x, h, c: (h, c, [h] * 4), "gates: o at "),
    "over the texts": (
        "9.3",
        lambda hs, da: np.tensordot(hs[:-1], da, ((0, 1), (0, 1))) / hs.shape[1],
        "mistake “the mean over the texts”",
    ),
    "c as it was": (
        "10.1",
        lambda a, c: (cell_of_10_1(a, c)[0], c),
        "mistake “the old c returned, not the new”",
    ),
    "a list": ("13.1", lambda y, lengths: [y[0, 0], y[0, 1]], "a list of Tensors, expected a"),
    "an array": (
        "13.3",
        lambda z, targets, lengths: graph.cross_entropy(z.data, targets),
        "TypeError: a Tensor is needed here, not an array: graph.Tensor",
    ),
    "a point": ("14.4", lambda k, t, n: (k + 1.0 - t) % n, "is 1.0, expected a whole number"),
    "a formula in rounds": ("15.3", by_the_formula, "mistake “the formula in place of combine”"),
}


@pytest.mark.parametrize("what", SAID)
def test_a_check_says_what_is_off(what):
    number, f, says = SAID[what]
    with pytest.raises(Wrong, match=says):
        check(number, f)


@pytest.mark.parametrize("number", EXERCISES)
def test_a_function_that_does_nothing_is_not_done(number):
    for nothing in (None, ..., lambda *_, **__: None, lambda *_, **__: ...):
        with pytest.raises(NotDone):
            check(number, nothing)


each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)


def test_every_exercise_has_a_check_and_every_check_an_exercise():
    """In its own lesson, in order, with its hints."""
    found = []
    for lesson in LESSONS:
        solution = files.read_notebook(lesson.solution)
        numbers = list(files.checks(solution))
        assert all(int(n.split(".")[0]) == int(lesson.number) for n in numbers)
        tags = [t for c in solution.cells for t in c.metadata.get("tags", [])]
        assert [t for t in tags if t.startswith("exercise:")] == [f"exercise:{n}" for n in numbers]
        found += numbers
    assert found == list(checking.registered())


@each_lesson
def test_solutions_are_kept_clean_and_claims_are_run(lesson):
    cells = files.read_notebook(lesson.solution).cells
    assert lesson.solution.read_bytes() == lessons.expected(lesson)[lesson.solution], (
        "run `minichar lessons`"
    )
    claims = [c for c in cells if "claim" in c.metadata.get("tags", [])]
    assert all(c.outputs for c in claims), "run `minichar lessons --run`"


def committed(path):
    """The file as git has it, or nothing."""
    name = path.relative_to(ROOT).as_posix()
    done = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True)
    return done.stdout if done.returncode == 0 else None


@each_lesson
def test_notebooks_are_derived(lesson):
    """As they are, or as they were committed: a learner may have begun to work in this one."""
    wanted = lessons.expected(lesson)[lesson.notebook]
    there = lesson.notebook.read_bytes() if lesson.notebook.exists() else None
    assert wanted in (there, committed(lesson.notebook)), "run `minichar lessons`"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Reports on every notebook as it ships, judged in a copy of the course."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "notebooks").mkdir()
    (folder / "solutions").mkdir()
    for lesson in LESSONS:
        solution, notebook = lessons.expected(lesson).values()
        (folder / "solutions" / lesson.solution.name).write_bytes(solution)
        (folder / "notebooks" / lesson.solution.name).write_bytes(notebook)
    (folder / "datasets").symlink_to(ROOT / "datasets")
    paths = sorted((folder / "notebooks").glob("*.ipynb"))
    with ThreadPoolExecutor(2) as pool:  # a process for each core of a small machine
        reports = list(pool.map(progress.judge, paths))
    return {path.name: report for path, report in zip(paths, reports, strict=True)}


@each_lesson
def test_a_shipped_notebook_fails_at_its_first_exercise_and_nowhere_before(shipped, lesson):
    report = shipped[lesson.notebook.name]
    assert report.broken == {}
    if not files.checks(files.read_notebook(lesson.solution)):  # the glossary
        assert report.verdicts == []
        return
    first, *others = report.verdicts
    assert first.state == "not done", first
    assert {v.state for v in others} <= {"waits"}


@each_lesson
def test_tags_of_nbval_do_not_soften_a_solution(lesson):
    cells = files.read_notebook(lesson.solution).cells
    tags = {t for c in cells for t in c.metadata.get("tags", [])}
    assert not tags & {"raises-exception", "nbval-skip", "nbval-ignore-output"}
    assert not any("NBVAL_" in c.source for c in cells if c.cell_type == "code")
