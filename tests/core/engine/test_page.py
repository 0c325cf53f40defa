"""A rule's page: what it promises, and what is wrong with one in the wrong form."""

from __future__ import annotations

import pytest

from bot.core.engine.page import Example, Expected, Page, PageError, parse_page
from bot.core.finding import Severity

SECTIONS = (
    "## Why it matters\n\nBecause.\n\n## What to do\n\nThis.\n\n## False positives\n\nNone.\n"
)
PAGE = f"""# some-rule

What is found,
on two lines.

More about it.

{SECTIONS}
```diff
 kind: Pod
-name: a  # finding(error): one # finding: two
+name: b  # finding(notice): three
```

```yaml policy
mode: observe
```

```diff
--- a/old.yaml
+++ b/new.yaml
@@ -1 +1 @@
-a: 1

+a: 2  # finding: moved
--- /dev/null
+++ b/added.yaml
+b: 1
--- a/gone.yaml
+++ /dev/null
-c: 1  # finding: gone
```
"""


def test_a_page_is_its_title_summary_sections_and_examples() -> None:
    page = parse_page(PAGE, "some-rule")

    assert page == Page("some-rule", "What is found, on two lines.", page.sections, PAGE)
    assert page.examples == (
        Example(
            20,
            {"manifests.yaml": "kind: Pod\nname: a\n"},
            {"manifests.yaml": "kind: Pod\nname: b\n"},
            "",
            (
                Expected("manifests.yaml", "LEFT", 2, "one", Severity.ERROR),
                Expected("manifests.yaml", "LEFT", 2, "two"),
                Expected("manifests.yaml", "RIGHT", 2, "three", Severity.NOTICE),
            ),
        ),
        Example(
            30,
            {"old.yaml": "a: 1\n\n", "gone.yaml": "c: 1\n"},
            {"new.yaml": "\na: 2\n", "added.yaml": "b: 1\n"},
            "mode: observe\n",
            (
                Expected("new.yaml", "RIGHT", 2, "moved"),
                Expected("gone.yaml", "LEFT", 1, "gone"),
            ),
        ),
    )
    assert (page.sections["Why it matters"], page.sections["What to do"]) == ("Because.", "This.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# other\n", "some-rule.md:1: the title is '# other', and should be '# some-rule'"),
        ("# some-rule\n\nText.\n", "some-rule.md: the page has no section 'Why it matters'"),
        (
            f"# some-rule\n\nText.\n\n{SECTIONS.replace('This.', '')}",
            "some-rule.md: the page has no section 'What to do'",
        ),
        (
            f"# some-rule\n\n{SECTIONS}",
            "some-rule.md: a paragraph that says what is found should follow the title",
        ),
        (
            f"# some-rule\n\nText.\n\n{SECTIONS}```diff\n+a\nb\n```\n",
            "some-rule.md:18: a line of a diff begins with '-', '+' or a space",
        ),
        (
            f"# some-rule\n\nText.\n\n{SECTIONS}```diff\n+a  # finding(bad): x\n```\n",
            (
                "some-rule.md:17: a finding's severity is 'bad', expected one of "
                "notice, warning, error"
            ),
        ),
    ],
)
def test_a_page_in_the_wrong_form_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(PageError) as refused:
        assert parse_page(text, "some-rule").examples

    assert str(refused.value) == message
