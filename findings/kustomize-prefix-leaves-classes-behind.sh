#!/usr/bin/env bash
# kustomize: a prefix renames an IngressClass, a RuntimeClass or a MutatingAdmissionPolicy, and what names it keeps the
# former name.
#
# kustomize 5.8.1. The documentation says that a prefix goes into all names and references. References to the built-in
# kinds PriorityClass, StorageClass and ValidatingAdmissionPolicy do follow. For IngressClass there is a rule as well,
# but it asks for the group "networking.k8s.io/v1", which nothing has; with the group corrected in `configurations` it
# works. RuntimeClass, VolumeAttributesClass, ResourceClaimTemplate and MutatingAdmissionPolicy have no rule, nor has a
# Gateway API route's backend, although an Ingress's has one. The build succeeds. In the cluster, no controller serves
# the Ingress, the pods are refused or wait, and the binding of the mutating policy binds nothing.
#
# Seen, with namePrefix: dev-
#   priorityClassName: batch                                dev-batch
#   policyName of a ValidatingAdmissionPolicyBinding        dev-limits
#   policyName of a MutatingAdmissionPolicyBinding          limits
#   ingressClassName: internal                              internal, and dev-internal with the rule corrected
#   runtimeClassName: sandbox                               sandbox
#   resourceClaimTemplateName: gpu                          gpu
#   service of an Ingress's default backend                 dev-shop
#   name in an HTTPRoute's backendRefs                      shop
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>install.log
python3 -m venv venv
venv/bin/pip install --quiet "PyYAML==6.0.3"
cat >resources.yaml <<'END_OF_YAML'
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: batch}, value: 1}
---
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: sandbox}, handler: sandbox}
---
{apiVersion: resource.k8s.io/v1, kind: ResourceClaimTemplate, metadata: {name: gpu}, spec: {}}
---
apiVersion: v1
kind: Pod
metadata: {name: job}
spec:
  priorityClassName: batch
  runtimeClassName: sandbox
  resourceClaims: [{name: gpu, resourceClaimTemplateName: gpu}]
---
{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {ports: [{port: 80}]}}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: internal}, spec: {controller: example.com/internal}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec: {ingressClassName: internal, defaultBackend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec: {rules: [{backendRefs: [{name: shop, port: 80}]}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: limits}, spec: {}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: limits}, spec: {policyName: limits}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicy, metadata: {name: limits}, spec: {}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicyBinding, metadata: {name: limits}, spec: {policyName: limits}}
END_OF_YAML
cat >references.yaml <<'END_OF_YAML'
nameReference:
- kind: IngressClass
  group: networking.k8s.io
  fieldSpecs: [{kind: Ingress, path: spec/ingressClassName}]
END_OF_YAML
cat >show.py <<'END_OF_PYTHON'
import sys

import yaml

spec = {built["kind"]: built.get("spec") for built in yaml.safe_load_all(sys.stdin)}
print(
    spec["Pod"]["priorityClassName"],
    spec["ValidatingAdmissionPolicyBinding"]["policyName"],
    spec["MutatingAdmissionPolicyBinding"]["policyName"],
    spec["Ingress"]["ingressClassName"],
    spec["Pod"]["runtimeClassName"],
    spec["Pod"]["resourceClaims"][0]["resourceClaimTemplateName"],
    spec["Ingress"]["defaultBackend"]["service"]["name"],
    spec["HTTPRoute"]["rules"][0]["backendRefs"][0]["name"],
)
END_OF_PYTHON
printf 'resources: [resources.yaml]\nnamePrefix: dev-\n' >kustomization.yaml
builtin=$(./kustomize build . | venv/bin/python show.py)
printf 'configurations: [references.yaml]\n' >>kustomization.yaml
corrected=$(./kustomize build . | venv/bin/python show.py)
printf '%s\n' "$builtin" "$corrected"
[ "$builtin" = "dev-batch dev-limits limits internal sandbox gpu dev-shop shop" ] &&
  [ "$corrected" = "dev-batch dev-limits limits dev-internal sandbox gpu dev-shop shop" ]
