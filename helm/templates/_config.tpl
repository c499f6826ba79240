{{/* What the chart has to know about the gateway's configuration. */}}

{{/* Said to whoever gives none: the least that works. */}}
{{- define "sallyport.minimal" -}}
config: the gateway needs a configuration: its YAML as text, or the name of a ConfigMap in existingConfigMap. For example:

    replicaCount: 2
    secrets: { existingSecret: sallyport }   # with the keys session, client and redis-url
    config: |
      version: 1
      server:
        management: 0.0.0.0:9090
      session:
        secrets: ['${file:/run/secrets/sallyport/session}']
        store: { type: redis, url: '${file:/run/secrets/sallyport/redis-url}' }
      providers:
        - name: contoso
          tenantId: 11111111-2222-3333-4444-555555555555
          clientId: 66666666-7777-8888-9999-000000000000
          credential: { secret: '${file:/run/secrets/sallyport/client}' }
      tenants:
        - name: payroll
          publicUrl: https://payroll.example.com
          providers: [contoso]
          upstream: { url: 'http://payroll.payroll.svc:8080' }

  Without Redis: leave out `store` and set replicaCount: 1; then every new pod signs everybody out.
{{- end -}}

{{/*
What is wrong with a configuration for this installation, as a list in JSON. What is wrong with it in itself the gateway says.
In: { root, document, most: how many gateways there can be }.
*/}}
{{- define "sallyport.issuesOfConfig" -}}
{{- $issues := list -}}
{{- $values := .root.Values -}}
{{- $server := include "sallyport.mapping" (get .document "server") | fromYaml -}}
{{- $session := include "sallyport.mapping" (get .document "session") | fromYaml -}}
{{- $store := get (include "sallyport.mapping" (get $session "store") | fromYaml) "type" | default "memory" | toString -}}
{{- if and (gt .most 1) (ne $store "redis") (not (hasPrefix "${" $store)) -}}
{{- $issues = append $issues (printf "config, session.store: sessions would be kept in each gateway by itself (%s), and there are up to %d of them: people would be signed out at every other request. Write `store: { type: redis, url: … }`, or set replicaCount: 1 without autoscaling." $store .most) -}}
{{- end -}}

{{- $path := get (include "sallyport.mapping" (get $session "store") | fromYaml) "path" | toString -}}
{{- if and (eq $store "file") (not (hasPrefix "${" $path)) -}}
{{- $kept := false -}}
{{- range $values.extraVolumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path -}}
{{- $kept = true -}}
{{- end -}}
{{- end -}}
{{- if not $kept -}}
{{- $issues = append $issues (printf "config, session.store.path: %s lies on no volume, and a new pod would begin without it. Mount a PersistentVolumeClaim with extraVolumes and extraVolumeMounts, such as { name: sessions, mountPath: /var/lib/sallyport }, and write path: /var/lib/sallyport/sessions.db." $path) -}}
{{- end -}}
{{- end -}}

{{- /* What the gateway takes for granted where the configuration says nothing. */ -}}
{{- $drain := get $server "drain" | default "25s" | toString -}}
{{- $seconds := include "sallyport.seconds" $drain -}}
{{- if and $seconds (gt (int $seconds) (int $values.drainSeconds)) -}}
{{- $said := hasKey $server "drain" | ternary $drain (printf "%s, its default" $drain) -}}
{{- $issues = append $issues (printf "drainSeconds: %d does not fit the configuration, where `server.drain` is %s: pods would be killed in the middle of requests. Set drainSeconds to at least %s, or a shorter drain." (int $values.drainSeconds) $said $seconds) -}}
{{- end -}}

{{- range $key, $port := dict "listen" "8080" "management" "9090" -}}
{{- $default := eq $key "listen" | ternary "0.0.0.0:8080" "127.0.0.1:9090" -}}
{{- $address := get $server $key | default $default | toString -}}
{{- $fits := regexMatch (printf ":%s$" $port) $address -}}
{{- $own := regexMatch "^(127\\.|localhost|\\[::1\\])" $address -}}
{{- if and (not (contains "${" $address)) (or $own (not $fits)) -}}
{{- $why := $own | ternary "nothing outside of the container would reach it" (printf "the chart expects port %s" $port) -}}
{{- $issues = append $issues (printf "config, server.%s: with %s, %s. Write `%s: 0.0.0.0:%s`." $key $address $why $key $port) -}}
{{- end -}}
{{- end -}}

{{- if and (get $server "tls") (eq $values.service.appProtocol "http") -}}
{{- $issues = append $issues "service.appProtocol: the gateway ends TLS by itself (`server.tls`). Set this to https, and let what stands in front speak https to it." -}}
{{- end -}}

{{- $issues = concat $issues (include "sallyport.issuesOfShards" (dict "root" .root "written" (get .document "tenantFiles")) | fromYamlArray) -}}
{{- toJson $issues -}}
{{- end -}}

{{/* Shards that the gateway would never look into: tenants in them would be missing without a word. */}}
{{- define "sallyport.issuesOfShards" -}}
{{- $issues := list -}}
{{- $values := .root.Values.tenantFiles -}}
{{- if and $values.files (not .written) -}}
{{- $issues = append $issues "tenantFiles.files: the configuration has no `tenantFiles`, so nobody would read them." -}}
{{- end -}}
{{- if kindIs "map" .written -}}
{{- $paths := get .written "path" -}}
{{- if not (kindIs "slice" $paths) }}{{ $paths = list $paths }}{{ end -}}
{{- $missing := list -}}
{{- range $shard := until (int $values.shards) -}}
{{- $read := false -}}
{{- range $paths -}}
{{- $path := toString . | trimPrefix "/etc/sallyport/" | trimPrefix "./" -}}
{{- if or (hasPrefix (printf "tenants/%d/" $shard) $path) (contains "${" $path) }}{{ $read = true }}{{ end -}}
{{- end -}}
{{- if not $read }}{{ $missing = append $missing (printf "tenants/%d/*.yaml" $shard) }}{{ end -}}
{{- end -}}
{{- if $missing -}}
{{- $issues = append $issues (printf "config, tenantFiles.path: there are %d shards, and the gateway would not read %s. Add what is missing, or set tenantFiles.shards to the number of those that it reads." (int $values.shards) (join ", " $missing)) -}}
{{- end -}}
{{- end -}}
{{- toJson $issues -}}
{{- end -}}

{{/* A mapping as it is, and anything else as an empty one: what it should have been the gateway says. */}}
{{- define "sallyport.mapping" -}}
{{- kindIs "map" . | ternary . dict | toJson -}}
{{- end -}}

{{/* `memory`, `file` or `redis`, where the values say it; nothing where the configuration is in a ConfigMap of your own. */}}
{{- define "sallyport.storeType" -}}
{{- if .Values.config -}}
{{- $session := include "sallyport.mapping" (get (fromYaml .Values.config) "session") | fromYaml -}}
{{- get (include "sallyport.mapping" (get $session "store") | fromYaml) "type" -}}
{{- end -}}
{{- end -}}
