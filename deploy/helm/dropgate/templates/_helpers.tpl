{{- define "dropgate.name" -}}
{{- if contains "dropgate" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-dropgate" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "dropgate.selector" -}}
app.kubernetes.io/name: dropgate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dropgate.labels" -}}
{{ include "dropgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "dropgate.image" -}}
{{- $image := required "image.repository is not set: name your image, made with deploy/Dockerfile or `dropgate init --docker`." .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $image .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- define "dropgate.bootstrapSecret" -}}
{{- if .Values.bootstrapKey.existingSecret -}}
{{- .Values.bootstrapKey.existingSecret -}}
{{- else -}}
{{- printf "%s-bootstrap-key" (include "dropgate.name" .) -}}
{{- end -}}
{{- end }}

{{- define "dropgate.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "dropgate.name" .) -}}
{{- end }}

{{/* What cannot work together is told before anything is made. */}}
{{- define "dropgate.check" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.store.existingSecret) -}}
{{- fail "replicas is more than 1, and store.existingSecret is not set: several gateways share a Postgres. Name the secret that has GATEWAY_STORE_URL, or set replicas to 1." -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) .Values.persistence.enabled -}}
{{- fail "persistence.enabled is for one replica: a SQLite file has one gateway. With a Postgres nothing has to be kept in the pods." -}}
{{- end -}}
{{- if and .Values.bootstrapKey.value .Values.bootstrapKey.existingSecret -}}
{{- fail "bootstrapKey.value and bootstrapKey.existingSecret are both set: set one of them." -}}
{{- end -}}
{{- if not (or .Values.bootstrapKey.value .Values.bootstrapKey.existingSecret) -}}
{{- fail "No admin key is set: bootstrapKey.existingSecret names the secret that has one as `bootstrap-key`, or bootstrapKey.value is one." -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.keySecret.name) -}}
{{- fail "serviceMonitor.keySecret.name is not set: name the secret that has a key of the role metrics." -}}
{{- end -}}
{{- end }}
