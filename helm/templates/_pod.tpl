{{/* Parts of the pod that would make its template long. */}}

{{/* The environment. Whoever sets NODE_OPTIONS also decides about the heap. */}}
{{- define "sallyport.env" -}}
{{- $env := .Values.extraEnv -}}
{{- $own := false -}}
{{- range $env }}{{ if eq .name "NODE_OPTIONS" }}{{ $own = true }}{{ end }}{{ end -}}
{{- $limit := dig "limits" "memory" "" .Values.resources -}}
{{- if and $limit (not $own) -}}
{{- $options := printf "--max-old-space-size=%s" (include "sallyport.heapMegabytes" $limit) -}}
{{- $env = prepend $env (dict "name" "NODE_OPTIONS" "value" $options) -}}
{{- end -}}
{{- with $env -}}
env:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* On which nodes pods may run, and how they spread. */}}
{{- define "sallyport.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $selector := dict "matchLabels" (include "sallyport.selectorLabels" $ | fromYaml) }}
  - {{ toYaml (merge (dict) . (dict "labelSelector" $selector)) | indent 4 | trim }}
  {{- end }}
{{- end }}
{{- end -}}
