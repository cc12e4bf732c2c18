"""Ten commits to the walking task and its robot: the page that shows them says what the commands print now."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_ten_commits_is_current():
    made = subprocess.run([sys.executable, "docs/showcase.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    text = (ROOT / "docs" / "review-example.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^## \d+\. ", text, re.M)) == 10 and text.count("[exit code 1]") == 1
    assert "[exit code 2]" not in text and "does not check" not in text
