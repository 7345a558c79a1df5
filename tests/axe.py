"""axe-core, the checker of accessibility, on a page that is open in a browser."""

import pytest

GRAVE = ("serious", "critical")
# ipywidgets gives the handle of a slider no name, and no way to give it one (as of 8.1). Instead a
# field with a name stands beside each: test_accessibility.py.
NAMELESS = "aria-input-field-name", '<div class="noUi-handle'


def findings(page, where=None):
    """What axe finds to be serious or critical on `page`, within the selector `where` if given.

    A list of texts, one for each element found; skips the test where axe is not installed.
    """
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="needs axe-core (pip install axe-playwright-python)",
    )
    found = axe.Axe().run(page, context=where).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}: {node['failureSummary'][:300]}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
        if not (rule["id"] == NAMELESS[0] and node["html"].startswith(NAMELESS[1]))
    ]
