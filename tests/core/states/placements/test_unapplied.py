"""What a tool leaves out of what it applies, by marks in the object or in its file."""

from __future__ import annotations

import pytest

from bot.core.resource import GroupKind
from tests.kubernetes.gitops.declaring import GIT, REPOSITORY, flux
from tests.states import Grove

APPLICATION = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\n"
    f"spec: {{source: {{repoURL: '{REPOSITORY}', path: apps/shop}}, destination: {{name: prod}}}}\n"
)
FLUX = GIT + "---\n" + flux("path: ./apps/shop")
BY_ARGO = {"app.yaml": APPLICATION}
BY_FLUX = {"clusters/prod/app.yaml": FLUX}
LISTED = {"apps/shop/kustomization.yaml": "resources: [pod.yaml]\n"}
LOCAL = "config.kubernetes.io/local-config"
OTHER = {"other/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}
SKIPPED = "# +argocd:skip-file-rendering\n"


def has_pod(files: dict[str, str], annotations: str = "", before: str = "") -> bool:
    """Whether the Pod of `apps/shop/pod.yaml` is applied, with these annotations."""
    metadata = f"{{name: x, annotations: {{{annotations}}}}}"
    pod = f"{before}apiVersion: v1\nkind: Pod\nmetadata: {metadata}\n"
    tree = {"apps/shop/pod.yaml": pod, **files}
    pairs = Grove(tree, {**tree, **OTHER}).states(gitops=True).pairs
    return any(pair.after.of(GroupKind("", "Pod")) for pair in pairs)


@pytest.mark.parametrize(
    ("annotations", "is_applied"),
    [
        pytest.param("argocd.argoproj.io/hook: Skip", False, id="skip"),
        pytest.param("argocd.argoproj.io/hook: 'Sync, Skip'", True, id="skip beside a hook"),
        pytest.param("argocd.argoproj.io/hook: 'Skip, skip'", False, id="skip beside no hook"),
        pytest.param("argocd.argoproj.io/hook: presync", False, id="no hook of Argo CD's"),
        pytest.param("argocd.argoproj.io/hook: ''", False, id="no name"),
        pytest.param("argocd.argoproj.io/hook: PostDelete", True, id="deletion"),
        pytest.param(
            "argocd.argoproj.io/hook: no, helm.sh/hook: pre-install", True, id="Helm's beside it"
        ),
        pytest.param("helm.sh/hook: test", False, id="Helm's test"),
        pytest.param("helm.sh/hook: pre-rollback", False, id="no counterpart"),
        pytest.param("helm.sh/hook: 'pre-rollback,post-upgrade'", True, id="one counterpart"),
        pytest.param("helm.sh/hook: crd-install", True, id="a definition of Helm 2"),
    ],
)
def test_argo_cd_applies_hooks_that_it_knows(annotations: str, *, is_applied: bool) -> None:
    assert has_pod(BY_ARGO, annotations) is is_applied


@pytest.mark.parametrize("annotations", ["argocd.argoproj.io/hook: Skip", "helm.sh/hook: test"])
def test_flux_knows_no_hooks(annotations: str) -> None:
    assert has_pod(BY_FLUX, annotations)


@pytest.mark.parametrize(
    ("files", "value", "is_applied"),
    [
        pytest.param(LISTED, "'true'", False, id="kustomize"),
        pytest.param(LISTED, "''", False, id="kustomize, any value"),
        pytest.param(LISTED, "true", False, id="kustomize, no text"),
        pytest.param(LISTED, "'false'", True, id="kustomize, false"),
        pytest.param(LISTED | BY_ARGO, "'true'", False, id="kustomize by Argo CD"),
        pytest.param(BY_FLUX, "'true'", False, id="a directory of Flux"),
        pytest.param(BY_ARGO, "'true'", True, id="a directory of Argo CD"),
        pytest.param({}, "'true'", True, id="a directory"),
    ],
)
def test_kustomize_leaves_out_what_is_local(
    files: dict[str, str], value: str, *, is_applied: bool
) -> None:
    assert has_pod(files, f"{LOCAL}: {value}") is is_applied


@pytest.mark.parametrize(
    ("files", "is_applied"),
    [
        pytest.param(BY_ARGO, False, id="a directory of Argo CD"),
        pytest.param(LISTED | BY_ARGO, True, id="kustomize by Argo CD"),
        pytest.param(BY_FLUX, True, id="a directory of Flux"),
        pytest.param({}, True, id="a directory"),
    ],
)
def test_argo_cd_leaves_a_file_out_that_says_so(files: dict[str, str], *, is_applied: bool) -> None:
    assert has_pod(files, before=SKIPPED) is is_applied


SKIP = "argocd.argoproj.io/hook: Skip"
BOTH = APPLICATION.replace(
    f"source: {{repoURL: '{REPOSITORY}', path: apps/shop}}",
    f"sources: [{{repoURL: '{REPOSITORY}', path: apps/shop}}, "
    f"{{repoURL: '{REPOSITORY}', path: apps/more}}]",
)
OTHER_OWNER = APPLICATION.replace("name: shop", "name: more").replace("apps/shop", "apps/more")


def copy(annotations: str, name: str = "name: x") -> str:
    """Another manifest of the Pod."""
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{{name}, annotations: {{{annotations}}}}}\n"


@pytest.mark.parametrize(
    ("files", "is_applied"),
    [
        pytest.param({"app.yaml": APPLICATION, "apps/shop/z.yaml": copy(SKIP)}, False, id="later"),
        pytest.param({"app.yaml": APPLICATION, "apps/shop/a.yaml": copy(SKIP)}, True, id="earlier"),
        pytest.param(
            {"app.yaml": APPLICATION, "apps/shop/z.yaml": copy(SKIP, "name: y")},
            True,
            id="another name",
        ),
        pytest.param(
            {"app.yaml": APPLICATION, "apps/shop/z.yaml": copy(SKIP, "generateName: x")},
            True,
            id="a generated name",
        ),
        pytest.param({"app.yaml": BOTH, "apps/more/a.yaml": copy(SKIP)}, False, id="later source"),
        pytest.param(
            {"app.yaml": APPLICATION + "---\n" + OTHER_OWNER, "apps/more/a.yaml": copy(SKIP)},
            True,
            id="another Application",
        ),
        pytest.param({**BY_FLUX, "apps/shop/z.yaml": copy(SKIP)}, True, id="Flux knows no hooks"),
    ],
)
def test_argo_cd_looks_at_the_last_copy_alone(files: dict[str, str], *, is_applied: bool) -> None:
    assert has_pod(files) is is_applied


def test_a_later_copy_takes_the_place_of_a_skipped_source() -> None:
    swapped = BOTH.replace("apps/shop}", "apps/x}").replace("apps/more}", "apps/shop}")
    files = {"app.yaml": swapped.replace("apps/x}", "apps/more}"), "apps/more/a.yaml": copy(SKIP)}

    assert has_pod(files)
