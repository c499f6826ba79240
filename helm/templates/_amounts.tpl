{{/* Times, memory and numbers of pods that are worked out from others. */}}

{{/* `1m30s` → 90; nothing for what is no plain duration, such as a reference to the environment. */}}
{{- define "sallyport.seconds" -}}
{{- $text := toString . -}}
{{- if and $text (regexMatch "^([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$" $text) -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+[dhms]" $text -1 -}}
{{- $unit := get (dict "d" 86400 "h" 3600 "m" 60 "s" 1) (substr (int (sub (len .) 1)) (len .) .) -}}
{{- $total = add $total (mul $unit (atoi (regexFind "^[0-9]+" .))) -}}
{{- end -}}
{{- $total -}}
{{- end -}}
{{- end -}}

{{/*
From SIGTERM or earlier to SIGKILL: the wait before the gateway is told, its own wait for load balancers (2 s, after which
it takes no more connections), the requests in flight, and a margin to close connections to Redis and to write the last log.
*/}}
{{- define "sallyport.graceSeconds" -}}
{{- $ownWait := 2 -}}
{{- $margin := 3 -}}
{{- add .Values.preStopSeconds $ownWait .Values.drainSeconds $margin -}}
{{- end -}}

{{/* `512Mi` → 384: three quarters of a memory limit, in MiB; nothing for what is no amount that we read. */}}
{{- define "sallyport.heapMegabytes" -}}
{{- $text := kindIs "string" . | ternary . (printf "%.0f" (float64 .)) -}}
{{- if regexMatch "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$" $text -}}
{{- $units := dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "" 1.0 -}}
{{- $bytes := mulf (float64 (regexFind "^[0-9.]+" $text)) (get $units (regexFind "[A-Za-z]*$" $text)) -}}
{{- divf (mulf $bytes 0.75) 1048576.0 | floor | int64 -}}
{{- end -}}
{{- end -}}

{{/* The most gateways that there can be at one time, rolling updates aside; and the fewest. */}}
{{- define "sallyport.mostReplicas" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.maxReplicas .Values.replicaCount | int -}}
{{- end -}}
{{- define "sallyport.leastReplicas" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount | int -}}
{{- end -}}

{{/*
Which shard a tenant's file goes to: by its name alone, so that another tenant moves none.
In: { name, shards }.
*/}}
{{- define "sallyport.shardOf" -}}
{{- mod (atoi (adler32sum .name)) (int .shards) -}}
{{- end -}}
