#!/usr/bin/env bash
# kustomize: `namespace:` moves a binding's subject `default` out of whatever namespace it names, and leaves a group
# of ServiceAccounts behind.
#
# kustomize 5.8.1. A subject of kind ServiceAccount follows when the build has its ServiceAccount. One whose name
# is `default` always follows, also where the binding names another namespace on purpose: the right that was
# written for monitoring/default is then held by the `default` account of the kustomization's namespace. A
# subject that the build does not have keeps its namespace, or stays without one, which the API server refuses. Text that holds the
# namespace stays as well: the group system:serviceaccounts:NAMESPACE, and a NetworkPolicy's namespaceSelector by
# kubernetes.io/metadata.name, so that both now speak of a namespace that nothing here is in.
#
# Seen, for a binding in the namespace old and `namespace: new`:
#   ServiceAccount monitoring/default       new/default
#   ServiceAccount old/here, in the build   new/here
#   ServiceAccount monitoring/scraper       monitoring/scraper
#   Group system:serviceaccounts:old        system:serviceaccounts:old
#   namespaceSelector metadata.name: old    old
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>install.log
python3 -m venv venv
venv/bin/pip install --quiet "PyYAML==6.0.3"
cat >resources.yaml <<END
apiVersion: v1
kind: ServiceAccount
metadata: {name: here, namespace: old}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: old}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: default, namespace: monitoring}
- {kind: ServiceAccount, name: here, namespace: old}
- {kind: ServiceAccount, name: scraper, namespace: monitoring}
- {kind: Group, name: "system:serviceaccounts:old", apiGroup: rbac.authorization.k8s.io}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: same, namespace: old}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: old}}}]}]}
END
printf 'resources: [resources.yaml]\nnamespace: new\n' >kustomization.yaml
./kustomize build . >built.yaml
seen=$(venv/bin/python - <<'END'
import yaml
built = {one["kind"]: one for one in yaml.safe_load_all(open("built.yaml"))}
subjects = [f'{one.get("namespace", "-")}/{one["name"]}' for one in built["RoleBinding"]["subjects"]]
peer = built["NetworkPolicy"]["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"]
print(*subjects, *peer.values())
END
)
echo "$seen"
[ "$seen" = "new/default new/here monitoring/scraper -/system:serviceaccounts:old old" ]
