"""Valid objects of many kinds: resource name, whether namespaced, manifest."""

# ruff: noqa: E501 - a line of a manifest is one line

from __future__ import annotations

from typing import Final

_POD: Final = """
    metadata: {labels: {app: a}, annotations: {note: text}}
    spec:
      serviceAccountName: a
      terminationGracePeriodSeconds: 30
      securityContext: {runAsNonRoot: true, fsGroup: 1000}
      nodeSelector: {disk: ssd}
      tolerations: [{key: k, operator: Equal, value: v, effect: NoSchedule}]
      topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: a}}}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 10
              podAffinityTerm: {topologyKey: host, labelSelector: {matchLabels: {app: a}}}
      containers:
        - name: web
          image: example.org/web:1
          imagePullPolicy: IfNotPresent
          command: [run]
          env:
            - {name: A, value: b}
            - {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}
          ports: [{name: http, containerPort: 8080, protocol: TCP}]
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 64Mi}}
          livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 10, failureThreshold: 3}
          readinessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 1}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsUser: 1000}
          volumeMounts: [{name: data, mountPath: /data}, {name: conf, mountPath: /conf, readOnly: true}]
      volumes:
        - {name: data, emptyDir: {sizeLimit: 1Gi}}
        - {name: conf, configMap: {name: c, items: [{key: a, path: a}]}}
"""
_JOB_POD: Final = """
    metadata: {labels: {app: a}}
    spec:
      restartPolicy: Never
      containers: [{name: c, image: "example.org/c:1", args: [a]}]
"""

OBJECTS: Final[tuple[tuple[str, bool, str], ...]] = (
    (
        "deployments",
        True,
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: {app: a}}
spec:
  replicas: 2
  minReadySeconds: 5
  progressDeadlineSeconds: 600
  selector: {matchLabels: {app: a}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}
  template:"""
        + _POD,
    ),
    (
        "statefulsets",
        True,
        """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: a}
spec:
  replicas: 1
  serviceName: a
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: a}}
  volumeClaimTemplates:
    - metadata: {name: more}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: fast
        resources: {requests: {storage: 1Gi}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: c, image: "example.org/c:1"}]}
""",
    ),
    (
        "daemonsets",
        True,
        """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: a}
spec:
  selector: {matchLabels: {app: a}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}
  template:
    metadata: {labels: {app: a}}
    spec: {hostNetwork: true, containers: [{name: c, image: "example.org/c:1", ports: [{containerPort: 80, hostPort: 80}]}]}
""",
    ),
    (
        "jobs",
        True,
        """
apiVersion: batch/v1
kind: Job
metadata: {name: a}
spec:
  parallelism: 2
  completions: 2
  backoffLimit: 3
  activeDeadlineSeconds: 60
  template:"""
        + _JOB_POD,
    ),
    (
        "jobs",
        True,
        """
apiVersion: batch/v1
kind: Job
metadata: {name: indexed}
spec:
  suspend: true
  completionMode: Indexed
  parallelism: 2
  completions: 2
  template:"""
        + _JOB_POD,
    ),
    (
        "cronjobs",
        True,
        """
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec:
  schedule: "*/5 * * * *"
  timeZone: Europe/Berlin
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 10
  successfulJobsHistoryLimit: 3
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: OnFailure, containers: [{name: c, image: "example.org/c:1"}]}
""",
    ),
    (
        "pods",
        True,
        """
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: a}}
spec:
  restartPolicy: Always
  dnsPolicy: ClusterFirst
  initContainers: [{name: i, image: "example.org/i:1", restartPolicy: Always}]
  containers: [{name: c, image: "example.org/c:1", env: [{name: A, value: b}]}]
""",
    ),
    (
        "services",
        True,
        """
apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  type: ClusterIP
  selector: {app: a}
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}
  ports: [{name: http, port: 80, targetPort: http, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]
""",
    ),
    (
        "services",
        True,
        """
apiVersion: v1
kind: Service
metadata: {name: lb}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  loadBalancerClass: example.org/lb
  loadBalancerSourceRanges: [10.0.0.0/8]
  selector: {app: a}
  ports: [{port: 443, targetPort: 8443}]
""",
    ),
    (
        "services",
        True,
        """
apiVersion: v1
kind: Service
metadata: {name: headless}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {app: a}
  ports: [{name: db, port: 5432}]
""",
    ),
    (
        "configmaps",
        True,
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {note: text}}
immutable: true
data: {a: text}
binaryData: {b: AAAA}
""",
    ),
    (
        "secrets",
        True,
        """
apiVersion: v1
kind: Secret
metadata: {name: a}
type: Opaque
immutable: true
data: {a: AAAA}
""",
    ),
    (
        "secrets",
        True,
        """
apiVersion: v1
kind: Secret
metadata: {name: registry}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: "{}"}
""",
    ),
    (
        "serviceaccounts",
        True,
        """
apiVersion: v1
kind: ServiceAccount
metadata: {name: a}
automountServiceAccountToken: false
imagePullSecrets: [{name: registry}]
""",
    ),
    (
        "persistentvolumeclaims",
        True,
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: a}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: fast
  volumeMode: Filesystem
  resources: {requests: {storage: 1Gi}}
""",
    ),
    (
        "persistentvolumes",
        False,
        """
apiVersion: v1
kind: PersistentVolume
metadata: {name: a}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: fast
  nfs: {server: nfs.example.org, path: /a}
""",
    ),
    (
        "resourcequotas",
        True,
        """
apiVersion: v1
kind: ResourceQuota
metadata: {name: a}
spec: {hard: {pods: "10", requests.cpu: "4"}, scopes: [NotTerminating]}
""",
    ),
    (
        "limitranges",
        True,
        """
apiVersion: v1
kind: LimitRange
metadata: {name: a}
spec: {limits: [{type: Container, max: {cpu: "2"}, default: {cpu: "1"}, defaultRequest: {cpu: 100m}}]}
""",
    ),
    (
        "networkpolicies",
        True,
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {matchLabels: {app: a}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: In, values: [b]}]}}]
      ports: [{protocol: TCP, port: 8080}]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
      ports: [{port: 8000, endPort: 9000}]
""",
    ),
    (
        "ingresses",
        True,
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example.org], secretName: tls}]
  rules:
    - host: a.example.org
      http:
        paths:
          - path: /a
            pathType: Prefix
            backend: {service: {name: a, port: {number: 80}}}
""",
    ),
    (
        "ingressclasses",
        False,
        """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: a}
spec: {controller: example.org/ingress, parameters: {apiGroup: example.org, kind: Parameters, name: p}}
""",
    ),
    (
        "horizontalpodautoscalers",
        True,
        """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: a}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}
  minReplicas: 1
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 300, policies: [{type: Pods, value: 1, periodSeconds: 60}]}}
""",
    ),
    (
        "poddisruptionbudgets",
        True,
        """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: a}
spec: {minAvailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow, selector: {matchLabels: {app: a}}}
""",
    ),
    (
        "storageclasses",
        False,
        """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: a}
provisioner: example.org/disk
parameters: {type: ssd}
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
""",
    ),
    (
        "priorityclasses",
        False,
        """
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: a}
value: 100
preemptionPolicy: Never
description: text
""",
    ),
    (
        "roles",
        True,
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: a}
rules: [{apiGroups: [""], resources: [pods], resourceNames: [a], verbs: [get, list]}]
""",
    ),
    (
        "rolebindings",
        True,
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: a, namespace: shop}, {kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
""",
    ),
    (
        "clusterroles",
        False,
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: a, labels: {team: a}}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}, {apiGroups: [apps], resources: [deployments], verbs: ["*"]}]
""",
    ),
    (
        "validatingwebhookconfigurations",
        False,
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: a}
webhooks:
  - name: a.example.org
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Ignore
    timeoutSeconds: 5
    clientConfig: {service: {namespace: shop, name: a, path: /v, port: 443}}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}]
    matchConditions: [{name: c, expression: "request.name != 'a'"}]
    namespaceSelector: {matchLabels: {a: b}}
""",
    ),
    (
        "validatingadmissionpolicies",
        False,
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: a}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
  validations: [{expression: "object.spec.replicas <= 5", message: too many}]
""",
    ),
    (
        "customresourcedefinitions",
        False,
        """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Gear, plural: gears, singular: gear, listKind: GearList}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties: {teeth: {type: integer, minimum: 1}, kind: {type: string, enum: [a, b]}}
              required: [teeth]
""",
    ),
    (
        "endpointslices",
        True,
        """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
endpoints: [{addresses: [10.1.2.3], conditions: {ready: true}}]
ports: [{name: http, port: 80, protocol: TCP}]
""",
    ),
    (
        "leases",
        True,
        """
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: a}
spec: {holderIdentity: a, leaseDurationSeconds: 15, leaseTransitions: 1}
""",
    ),
    (
        "runtimeclasses",
        False,
        """
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: a}
handler: gvisor
overhead: {podFixed: {cpu: 100m}}
""",
    ),
    (
        "flowschemas",
        False,
        """
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: a}
spec:
  matchingPrecedence: 1000
  priorityLevelConfiguration: {name: workload-low}
  distinguisherMethod: {type: ByUser}
  rules:
    - subjects: [{kind: Group, group: {name: "system:authenticated"}}]
      resourceRules: [{verbs: [get], apiGroups: [""], resources: [pods], namespaces: ["*"]}]
""",
    ),
    (
        "gears",
        True,
        """
apiVersion: example.com/v1
kind: Gear
metadata: {name: a, labels: {app: a}}
spec: {teeth: 5, size: small, tags: [{name: a, value: b}], ratio: 10%}
""",
    ),
)

DEFINITION: Final = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gear, plural: gears, singular: gear, listKind: GearList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [teeth]
              x-kubernetes-validations:
                - {rule: "self.teeth >= oldSelf.teeth", message: teeth only grow}
                - {rule: "self.size != 'small' || self.teeth < 10", message: too many teeth}
              properties:
                teeth: {type: integer, minimum: 1, maximum: 100}
                size: {type: string, enum: [small, large], default: small}
                ratio: {x-kubernetes-int-or-string: true}
                tags:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items:
                    type: object
                    required: [name]
                    properties: {name: {type: string}, value: {type: string, maxLength: 10}}
"""
"""The definition of the custom objects above; it stands in the tree and in the server."""
