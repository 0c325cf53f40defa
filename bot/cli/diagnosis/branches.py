"""The part of `fairlead doctor` that checks the branches on which the check must be required."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bot.cli.diagnosis.diagnosis import Diagnosis, ok, problem, warning
from bot.cli.diagnosis.rulesets import bypasses, merging
from bot.errors import GitHubError
from bot.github.app.inspection import Inspection, InstallationReader

CHECK: Final = "fairlead"

_MOST_BRANCHES: Final = 20


def check_branches(
    github: Inspection, installation: int, app_id: int, only: str | None, repositories: int
) -> Iterator[Diagnosis]:
    """Whether the check is required on the branches of an installation's repositories.

    `only` limits this to one repository, `repositories` to the first ones.
    """
    with github.reader(installation) as reader:
        diagnoses = [
            repository
            for repository in reader.repositories()
            if only is None or repository["full_name"].lower() == only.lower()
        ]
        for repository in diagnoses[:repositories]:
            if not repository.get("archived"):
                yield from _of_repository(reader, repository, app_id)
        if len(diagnoses) > repositories:
            yield warning(
                f"installation {installation}",
                f"{len(diagnoses) - repositories} more repositories were not checked",
                "name one by --repository, or raise --repositories",
            )


def _of_repository(
    reader: InstallationReader, repository: Mapping[str, Any], app_id: int
) -> Iterator[Diagnosis]:
    name = repository["full_name"]
    branches = dict.fromkeys([repository["default_branch"], *reader.protected(name)])
    for branch in list(branches)[:_MOST_BRANCHES]:
        rules = reader.rules(name, branch)
        required = _required(f"{name} {branch}", rules, app_id)
        yield required
        if required.status == "ok":
            yield merging(f"{name} {branch}", rules)
        if _resolves(rules):
            yield ok(f"{name} {branch}", "open conversations block the merge, including Fairlead's")
    try:
        yield from bypasses(reader, name, CHECK)
    except GitHubError as error:
        yield problem(f"{name} rulesets", str(error), "try again; the App may lack a permission")


def _required(subject: str, rules: Iterable[Mapping[str, Any]], app_id: int) -> Diagnosis:
    """Whether the check is required, and from whom."""
    sources = [
        check.get("integration_id")
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
        if check["context"] == CHECK
    ]
    advice = f"require {CHECK!r} from this App in a ruleset of the branch"
    if not sources:
        message = f"no ruleset requires {CHECK!r} (classic branch protection cannot be seen)"
        return warning(subject, message, advice)
    if others := [source for source in sources if source not in {None, app_id}]:
        message = f"{CHECK!r} is required from App {others[0]}, not from this one ({app_id})"
        return problem(subject, message, f"choose this App as the source of {CHECK!r}")
    if None in sources:
        message = (
            f"{CHECK!r} is required from any source: anyone who may write statuses can make it pass"
        )
        return warning(subject, message, advice)
    return ok(subject, f"{CHECK!r} is required from this App")


def _resolves(rules: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        rule["type"] == "pull_request"
        and rule.get("parameters", {}).get("required_review_thread_resolution")
        for rule in rules
    )
