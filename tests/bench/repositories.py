"""Generated GitOps repositories: the same bytes for the same size, whatever machine makes them."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from tests.bench.large_manifests import large_files

Shape = Literal["small", "large"]
SEED: Final = 20261120
CHANGED_FILES: Final = 20
_IDENTITY: Final = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")

_DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
  namespace: {space}
  labels: {{app: {app}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: {app}}}
  template:
    metadata:
      labels: {{app: {app}}}
    spec:
      serviceAccountName: {app}
      containers:
        - name: web
          image: registry.example.com/{space}/{app}:1.{minor}.0
          ports:
            - {{name: http, containerPort: 8080}}
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
"""
_SERVICE: Final = """\
apiVersion: v1
kind: Service
metadata: {{name: {app}, namespace: {space}}}
spec:
  selector: {{app: {app}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
"""
_POLICY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {app}, namespace: {space}}}
spec:
  podSelector:
    matchLabels: {{app: {app}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {{}}
      ports:
        - {{port: 8080}}
"""
_ACCOUNT: Final = """\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {app}, namespace: {space}}}
"""
_ROLE: Final = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: {app}, namespace: {space}}}
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get, list, watch]
"""
_BINDING: Final = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {app}, namespace: {space}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {app}}}
subjects:
  - {{kind: ServiceAccount, name: {app}, namespace: {space}}}
"""
_CONFIG: Final = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {app}, namespace: {space}}}
data:
  settings.properties: |
    greeting=hello {app}
    retries={minor}
"""
_KINDS: Final = {
    "deployment": _DEPLOYMENT,
    "service": _SERVICE,
    "networkpolicy": _POLICY,
    "serviceaccount": _ACCOUNT,
    "role": _ROLE,
    "rolebinding": _BINDING,
    "configmap": _CONFIG,
}
EDITS: Final = (
    ("deployment", "registry.example.com/", "registry.example.com/mirror/"),
    ("role", "[get, list, watch]", "[get, list, watch, delete]"),
    ("networkpolicy", "port: 8080", "port: 80"),
    ("service", "targetPort: http", "targetPort: web"),
)


def make_repository(folder: Path, manifests: int, shape: Shape = "small") -> None:
    """A git repository with tags `base` and `head`; head changes 20 of its files.

    The manifests of the small shape have 243 bytes on average, those of the large one 1.2 KB, as in
    real repositories.
    """
    chosen = random.Random(SEED)  # noqa: S311 - the same repository each time, not a secret
    make = small_files if shape == "small" else large_files
    files = dict(make(manifests, chosen))
    git(folder, "init", "--quiet", "--initial-branch=main", ".")
    commit(folder, files, "base")
    commit(folder, _changed(files, chosen), "head")
    # As a clone brings it: objects in one pack, not a file each.
    git(folder, "repack", "-a", "-d", "--quiet")


def small_files(manifests: int, chosen: random.Random) -> Iterator[tuple[str, str]]:
    """The files of a repository, a seventh of each kind, ten applications in each namespace."""
    for number in range(manifests):
        app, kind = f"app-{number // len(_KINDS)}", list(_KINDS)[number % len(_KINDS)]
        space = f"team-{number // len(_KINDS) // 10}"
        text = _KINDS[kind].format(app=app, space=space, minor=chosen.randrange(50))
        yield f"clusters/production/{space}/{app}/{kind}.yaml", text


def _changed(files: dict[str, str], chosen: random.Random) -> dict[str, str]:
    changed: dict[str, str] = {}
    for number in range(CHANGED_FILES):
        kind, old, new = EDITS[number % len(EDITS)]
        paths = [path for path in files if path.endswith(f"/{kind}.yaml") and path not in changed]
        path = chosen.choice(paths)
        changed[path] = files[path].replace(old, new)
    return changed


def commit(folder: Path, files: dict[str, str], tag: str) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", tag)
    git(folder, "tag", tag)


def git(folder: Path, *words: str) -> None:
    """Run git in a folder. Raises CalledProcessError where it refuses."""
    subprocess.run(["git", *_IDENTITY, *words], cwd=folder, check=True, capture_output=True)
