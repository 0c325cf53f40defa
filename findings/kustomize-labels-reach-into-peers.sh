#!/usr/bin/env bash
# kustomize: a label with includeSelectors narrows whom a NetworkPolicy lets in, and gives Services a selector.
#
# kustomize 5.8.1. `labels` with includeSelectors (and commonLabels) is meant for the selectors of one's own
# workloads. It also writes the label into every podSelector.matchLabels of a NetworkPolicy's peers, that of a peer
# in another namespace included, whose pods this kustomization does not label: the policy then lets fewer pods in
# than its file says. A peer that selects by matchExpressions or that selects every pod keeps what it says. A
# Service without a selector, such as one of type ExternalName or one whose EndpointSlices are written by hand,
# gets one.
#
# Seen, with the label part-of: shop:
#   Service without a selector                           selector: {part-of: shop}
#   from podSelector app: exporter in namespace ops      app: exporter, part-of: shop
#   from podSelector: {}                                 unchanged
#   from podSelector with matchExpressions alone         unchanged
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>install.log
python3 -m venv venv
venv/bin/pip install --quiet "PyYAML==6.0.3"
cat >resources.yaml <<END
apiVersion: v1
kind: Service
metadata: {name: legacy}
spec: {ports: [{port: 443}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: database}
spec:
  podSelector: {matchLabels: {app: database}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {team: ops}}
      podSelector: {matchLabels: {app: exporter}}
    - podSelector: {}
    - podSelector: {matchExpressions: [{key: app, operator: Exists}]}
END
cat >kustomization.yaml <<END
resources: [resources.yaml]
labels: [{pairs: {part-of: shop}, includeSelectors: true}]
END
./kustomize build . >built.yaml
seen=$(venv/bin/python - <<'END'
import json, yaml
service, policy = sorted(yaml.safe_load_all(open("built.yaml")), key=lambda one: one["kind"], reverse=True)
peers = [peer["podSelector"] for peer in policy["spec"]["ingress"][0]["from"]]
print(json.dumps([service["spec"]["selector"], *peers]))
END
)
echo "$seen"
[ "$seen" = '[{"part-of": "shop"}, {"matchLabels": {"app": "exporter", "part-of": "shop"}}, {}, {"matchExpressions": [{"key": "app", "operator": "Exists"}]}]' ]
