"""Manifests of about 1.2 KB: Deployments, Services, NetworkPolicies, Roles and ConfigMaps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

NAMESPACES: Final = 60
_LABELS: Final = """\
  labels:
    app.kubernetes.io/name: {app}
    app.kubernetes.io/instance: {app}-production
    app.kubernetes.io/part-of: {space}
    app.kubernetes.io/managed-by: gitops
  annotations:
    example.com/owner: {space}@example.com
    example.com/documentation: https://docs.example.com/{space}/{app}/operations
"""
_DEPLOYMENT: Final = (
    """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
  namespace: {space}
"""
    + _LABELS
    + """\
spec:
  replicas: 3
  selector:
    matchLabels: {{app: {app}}}
  template:
    metadata:
      labels: {{app: {app}, tier: web}}
    spec:
      serviceAccountName: {app}
      securityContext: {{runAsNonRoot: true}}
      containers:
        - name: web
          image: registry.example.com/{space}/{app}:1.{minor}.0
          args: [--listen=0.0.0.0:8080, --log-format=json, --shutdown-timeout=30s]
          env:
            - {{name: CONFIGURATION, value: /etc/{app}/settings.properties}}
            - {{name: UPSTREAM, value: "http://gateway.{space}.svc.cluster.local:8080"}}
          ports:
            - {{name: http, containerPort: 8080}}
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
"""
)
_SERVICE: Final = (
    """\
apiVersion: v1
kind: Service
metadata:
  name: {app}
  namespace: {space}
"""
    + _LABELS
    + """\
spec:
  selector: {{app: {app}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
"""
)
_POLICY: Final = (
    """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {app}
  namespace: {space}
"""
    + _LABELS
    + """\
spec:
  podSelector:
    matchLabels: {{app: {app}}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {{tier: web}}
        - namespaceSelector:
            matchLabels: {{kubernetes.io/metadata.name: monitoring}}
      ports:
        - {{port: 8080}}
  egress:
    - to:
        - namespaceSelector:
            matchLabels: {{kubernetes.io/metadata.name: kube-system}}
      ports:
        - {{port: 53, protocol: UDP}}
        - {{port: 53, protocol: TCP}}
"""
)
_ROLE: Final = (
    """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {app}
  namespace: {space}
"""
    + _LABELS
    + """\
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get, list, watch]
  - apiGroups: [apps]
    resources: [deployments, statefulsets]
    verbs: [get, list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {app}
  namespace: {space}
"""
    + _LABELS
    + """\
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {app}}}
subjects:
  - {{kind: ServiceAccount, name: {app}, namespace: {space}}}
"""
)
_CONFIG: Final = (
    """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {app}
  namespace: {space}
"""
    + _LABELS
    + """\
data:
  settings.properties: |
"""
    + "".join(
        f"    {{app}}.section-{number}.value=setting {number} of {{app}} in {{space}}\n"
        for number in range(28)
    )
    + "    retries={minor}\n"
)
_KINDS: Final = {
    "deployment": _DEPLOYMENT,
    "service": _SERVICE,
    "networkpolicy": _POLICY,
    "role": _ROLE,
    "configmap": _CONFIG,
}


def large_files(manifests: int, chosen: random.Random) -> Iterator[tuple[str, str]]:
    """The files of a repository, a fifth of each kind, in 60 namespaces."""
    for number in range(manifests):
        kind = list(_KINDS)[number % len(_KINDS)]
        index = number // len(_KINDS)
        app, space = f"app-{index}", f"team-{index % NAMESPACES}"
        text = _KINDS[kind].format(app=app, space=space, minor=chosen.randrange(50))
        yield f"clusters/production/{space}/{app}/{kind}.yaml", text
