"""What Config Sync's RootSyncs and RepoSyncs declare."""

from __future__ import annotations

from bot.core.rendering import Declared
from tests.kubernetes.gitops.declaring import KUSTOMIZATION, REPOSITORY, declared, only, unbuilt

ROLE = "kind: Role\n"


def sync(spec: str, kind: str = "RootSync", namespace: str = "config-management-system") -> str:
    """A RootSync or RepoSync with these fields, as a flow mapping."""
    return (
        f"apiVersion: configsync.gke.io/v1beta1\nkind: {kind}\n"
        f"metadata: {{name: sync, namespace: {namespace}}}\nspec: {{{spec}}}\n"
    )


def git(place: str, repository: str = REPOSITORY) -> str:
    return f"git: {{repo: '{repository}', branch: main, dir: {place}}}"


def of(owner: str, *paths: str) -> dict[str, Declared]:
    roots = declared({"sync.yaml": owner, **dict.fromkeys(paths, ROLE)})
    return {root.name: root for root in roots}


def test_every_manifest_below_the_directory_is_applied_in_the_unstructured_format() -> None:
    (root,) = of(
        sync(f"sourceFormat: unstructured, {git('/apps')}"),
        *("apps/a.yaml", "apps/in/b.json", "apps/in/c.txt", "apps/.github/d.yml", "other/e.yaml"),
    ).values()

    assert (root.path, root.files, root.namespace) == (
        "apps",
        ("apps/a.yaml", "apps/in/b.json"),
        "default",
    )
    assert (root.tool, str(root.node)) == (
        "configsync",
        "RootSync/config-management-system/sync spec.git.dir",
    )


def test_a_repo_sync_applies_to_its_own_namespace_and_knows_no_hierarchy() -> None:
    root = only({"sync.yaml": sync(git("apps"), "RepoSync", "shop"), "apps/a.yaml": ROLE})

    assert (root.files, root.namespace) == (("apps/a.yaml",), "shop")


def test_a_kustomization_at_the_top_is_built() -> None:
    owner = sync(f"sourceFormat: unstructured, {git('apps')}")
    root = only({"sync.yaml": owner, "apps/kustomization.yaml": KUSTOMIZATION, "apps/a.yaml": ROLE})

    assert (root.path, root.files, root.hindrances) == ("apps", None, ())


def test_config_sync_refuses_a_kustomization_below_the_top_and_one_in_the_hierarchy() -> None:
    plain = sync(f"sourceFormat: unstructured, {git('apps')}")
    below = only({"sync.yaml": plain, "apps/in/kustomization.yaml": KUSTOMIZATION})
    hierarchy = only({"sync.yaml": sync(git("apps")), "apps/kustomization.yaml": KUSTOMIZATION})

    assert below.hindrances == (
        "Config Sync refuses a kustomization below a directory that has none",
    )
    assert hierarchy.hindrances == (
        "Config Sync refuses a kustomization in the hierarchical format",
    )


def test_a_directory_that_is_not_there_is_said() -> None:
    root = only({"sync.yaml": sync(f"sourceFormat: unstructured, {git('apps')}")})

    assert root.hindrances == ("its directory 'apps' is not in the tree",)


def test_the_hierarchy_gives_each_namespace_what_lies_above_it() -> None:
    roots = of(
        sync(git("config")),
        *("config/system/repo.yaml", "config/cluster/role.yaml", "config/README.yaml"),
        *("config/namespaces/team/binding.yaml", "config/other/x.yaml"),
        *("config/namespaces/team/shop/ns.yaml", "config/namespaces/team/web/ns.yaml"),
    )

    assert {name: (root.namespace, root.files) for name, root in roots.items()} == {
        "cluster": ("default", ("config/system/repo.yaml", "config/cluster/role.yaml")),
        "shop": (
            "shop",
            ("config/namespaces/team/binding.yaml", "config/namespaces/team/shop/ns.yaml"),
        ),
        "web": (
            "web",
            ("config/namespaces/team/binding.yaml", "config/namespaces/team/web/ns.yaml"),
        ),
    }
    assert roots["cluster"].left_out == ("config/README.yaml", "config/other/x.yaml")


def test_sources_elsewhere_are_named() -> None:
    other = sync(git("apps", "https://github.com/example/other"))
    image = sync("sourceType: oci, oci: {image: r.example.com/a/b, dir: x}")
    chart = sync("sourceType: helm, helm: {repo: 'https://charts.example.com', chart: shop}")

    assert unbuilt({"sync.yaml": other}) == ["git source apps of https://github.com/example/other"]
    assert unbuilt({"sync.yaml": image}) == ["oci source x of r.example.com/a/b"]
    assert unbuilt({"sync.yaml": chart}) == ["helm source shop of https://charts.example.com"]
