{{- define "fairlead.name" -}}
{{- if contains "fairlead" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-fairlead" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "fairlead.labels" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "fairlead.selector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fairlead.account" -}}
{{ .Values.serviceAccount.name | default (include "fairlead.name" .) }}
{{- end }}

{{- define "fairlead.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "fairlead.claim" -}}
{{ .Values.persistence.existingClaim | default (include "fairlead.name" .) }}
{{- end }}

{{- /* Whether a claim keeps the data: only the embedded queue of one process can use it. */ -}}
{{- define "fairlead.persistent" -}}
{{- if and .Values.persistence.enabled (not .Values.database.secret) }}true{{ end }}
{{- end }}

{{- define "fairlead.check" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.database.secret) }}
{{- fail "replicas: more than one needs database.secret, since the embedded queue belongs to one process" }}
{{- end }}
{{- if and (gt (int .Values.worker.replicas) 0) (not .Values.database.secret) }}
{{- fail "worker.replicas: workers need database.secret, since they share the service's queue" }}
{{- end }}
{{- if and (gt (int .Values.worker.replicas) 0) (not .Values.secret.name) }}
{{- fail "worker.replicas: workers need secret.name, since only the service has a set-up page" }}
{{- end }}
{{- end }}

{{- /* The pod of the service or of a worker: a dictionary of root, command and resources. */ -}}
{{- define "fairlead.pod" -}}
{{- $root := .root }}
{{- with .root.Values }}
serviceAccountName: {{ include "fairlead.account" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
# Running reviews get 25 seconds to finish.
terminationGracePeriodSeconds: 40
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: fairlead
    image: {{ include "fairlead.image" $root }}
    imagePullPolicy: {{ .image.pullPolicy }}
    args: [{{ $.command }}]
    env:
      {{- if .secret.name }}
      - name: APP_ID
        valueFrom:
          secretKeyRef:
            name: {{ .secret.name }}
            key: {{ .secret.keys.appId }}
      - name: PRIVATE_KEY_FILE
        value: /etc/fairlead/app/{{ .secret.keys.privateKey }}
      - name: WEBHOOK_SECRET_FILE
        value: /etc/fairlead/app/{{ .secret.keys.webhookSecret }}
      {{- end }}
      {{- if .database.secret }}
      - name: DATABASE_URL
        valueFrom:
          secretKeyRef:
            name: {{ .database.secret }}
            key: {{ .database.key }}
      {{- end }}
      {{- if and .fetchAccounts.secret .fetchAccounts.registries }}
      - name: FAIRLEAD_FETCH_AUTH_FILE
        value: /etc/fairlead/accounts/{{ .fetchAccounts.registries }}
      {{- end }}
      {{- if and .fetchAccounts.secret .fetchAccounts.git }}
      - name: FAIRLEAD_FETCH_GIT_AUTH_FILE
        value: /etc/fairlead/accounts/{{ .fetchAccounts.git }}
      {{- end }}
      - name: DATA_DIR
        value: /data
      {{- range $name, $value := .settings }}
      - name: {{ $name }}
        value: {{ $value | quote }}
      {{- end }}
    ports:
      {{- if eq $.command "serve" }}
      - name: http
        containerPort: 8080
      {{- end }}
      - name: admin
        containerPort: 8081
    startupProbe:
      httpGet:
        path: /healthz
        port: admin
      periodSeconds: 2
      failureThreshold: 30
    livenessProbe:
      httpGet:
        path: /healthz
        port: admin
      periodSeconds: 20
      timeoutSeconds: 5
    readinessProbe:
      httpGet:
        path: /readyz
        port: admin
      periodSeconds: 10
      timeoutSeconds: 5
    resources:
      {{- toYaml $.resources | nindent 6 }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    volumeMounts:
      - name: data
        mountPath: /data
      - name: tmp
        mountPath: /tmp
      {{- if .secret.name }}
      - name: credentials
        mountPath: /etc/fairlead/app
        readOnly: true
      {{- end }}
      {{- if .fetchAccounts.secret }}
      - name: accounts
        mountPath: /etc/fairlead/accounts
        readOnly: true
      {{- end }}
volumes:
  - name: data
    {{- if include "fairlead.persistent" $root }}
    persistentVolumeClaim:
      claimName: {{ include "fairlead.claim" $root }}
    {{- else }}
    emptyDir:
      sizeLimit: {{ .persistence.size }}
    {{- end }}
  - name: tmp
    emptyDir:
      sizeLimit: 1Gi
  {{- if .secret.name }}
  - name: credentials
    secret:
      secretName: {{ .secret.name }}
      defaultMode: 0440
  {{- end }}
  {{- if .fetchAccounts.secret }}
  - name: accounts
    secret:
      secretName: {{ .fetchAccounts.secret }}
      defaultMode: 0440
  {{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .affinity }}
affinity:
  {{- toYaml .affinity | nindent 2 }}
{{- else }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "fairlead.selector" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $.command }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A Deployment: a dictionary of root, name, command, replicas and resources. */ -}}
{{- define "fairlead.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "fairlead.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .command }}
spec:
  replicas: {{ .replicas }}
  strategy:
    # The embedded queue belongs to one process: the old pod ends before the new one starts.
    type: {{ if .root.Values.database.secret }}RollingUpdate{{ else }}Recreate{{ end }}
  selector:
    matchLabels:
      {{- include "fairlead.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .command }}
  template:
    metadata:
      labels:
        {{- include "fairlead.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .command }}
      {{- with .root.Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "fairlead.pod" . | trim | nindent 6 }}
{{- end }}
