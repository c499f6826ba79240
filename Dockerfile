# syntax=docker/dockerfile:1

# The image runs as a numeric user, with a read-only root file system and without any capability:
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges -p 8080:8080 \
#     -v ./sallyport.yaml:/etc/sallyport/sallyport.yaml:ro sallyport
# A container's loopback is its own: set `server.management` to 0.0.0.0:9090 if probes or scrapes come from outside.

FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json build.ts tarball.ts bill-of-materials.ts ./
COPY src src
COPY config config
RUN npm run build -- --no-tarball && npm prune --omit=dev --no-audit --no-fund

FROM node:26-bookworm-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Sallyport" \
      org.opencontainers.image.description="OpenID Connect reverse-proxy gateway: Microsoft Entra sign-in in front of legacy applications" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
ENV NODE_ENV=production
WORKDIR /app
# Owned by root: what runs cannot change what it runs.
COPY LICENSE package.json ./
COPY --from=build /app/config config
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER 10001:10001
# The gateway, and its management listener (health, metrics), which is never for the public.
EXPOSE 8080 9090
# SIGTERM drains: readiness goes off, requests in flight are finished. Give it longer than `server.drain` before it is killed.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--config", "/etc/sallyport/sallyport.yaml"]
