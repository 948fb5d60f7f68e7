{{- /* Services that are to run, by name. */ -}}
{{- define "saleslake.services" -}}
{{- $on := dict -}}
{{- range $name, $s := .Values.services -}}
{{- if ne (toString $s.enabled) "false" -}}{{- $_ := set $on $name $s -}}{{- end -}}
{{- end -}}
{{- toYaml $on -}}
{{- end -}}

{{- define "saleslake.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: saleslake
{{- end -}}

{{- define "saleslake.labels" -}}
{{ include "saleslake.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* For deploy/check: why a pod has its secret in the environment. */ -}}
{{- define "saleslake.excused" -}}
checkov.io/skip1: CKV_K8S_35=the image has no shell, and the service neither logs nor passes on what is in its environment
{{- end -}}

{{- /* A pod of a service: dict "root" $ "name" its name "service" its values, and for a job "account" and "args". */ -}}
{{- define "saleslake.pod" -}}
serviceAccountName: {{ .account | default .name }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
containers:
  - name: {{ .name }}
    image: {{ .root.Values.image.prefix }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    {{- with .args }}
    args: {{ toJson . }}
    {{- end }}
    env:
      # The base of the transactional ids: the pod's name, which in a StatefulSet its successor has, too. So the successor
      # ends what was left open at once.
      - name: SALES_KAFKA_INSTANCE
        valueFrom: {fieldRef: {fieldPath: metadata.name}}
      - name: GOMEMLIMIT # of the limit; librdkafka and DuckDB are outside of Go's heap
        value: {{ .service.goMemory | default (printf "%dMiB" (include "saleslake.goMemory" .service.resources.limits.memory | int)) }}
      {{- range $k, $v := merge dict (.service.environment | default dict) .root.Values.environment }}
      - name: {{ $k }}
        value: {{ $v | quote }}
      {{- end }}
    {{- with .service.secret }}
    envFrom:
      - secretRef: {name: {{ . }}}
    {{- end }}
    {{- if not .args }}
    ports:
      - {name: http, containerPort: 8080}
    startupProbe: # /livez answers before /readyz: a service may rebuild its state for minutes
      httpGet: {path: /livez, port: http}
      periodSeconds: 2
      failureThreshold: 30
    livenessProbe:
      httpGet: {path: /livez, port: http}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    readinessProbe:
      httpGet: {path: /readyz, port: http}
      periodSeconds: 5
      timeoutSeconds: 5
    {{- end }}
    resources: {{ toJson .service.resources }}
    securityContext:
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 2Gi}
{{- end -}}

{{- /* Three quarters of a memory limit (Mi or Gi), in MiB. */ -}}
{{- define "saleslake.goMemory" -}}
{{- $mi := trimSuffix "Mi" . -}}
{{- if hasSuffix "Gi" . -}}{{- $mi = mul 1024 (trimSuffix "Gi" . | int) -}}{{- end -}}
{{- div (mul 3 (int $mi)) 4 -}}
{{- end -}}
