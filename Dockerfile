# Build:  docker build --tag slack-otel .
# Run:    docker run --read-only --cap-drop ALL --volume slack-otel:/var/lib/slack-otel \
#           --env SLACK_TOKEN --env OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 slack-otel
#
# Both images are named by tag. To pin one, add the digest that `docker buildx imagetools inspect IMAGE` prints:
#   docker build --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:... .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No install script is needed here: the only one fetches the Node that this image already has.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY .ci/rolldown.config.ts .ci/sbom.ts .ci/
COPY src src
RUN npm run build && mkdir /state

FROM ${RUNTIME_IMAGE}
COPY --from=build /build/dist /app/
COPY LICENSE /app/
COPY --from=build --chown=65532:65532 /state /var/lib/slack-otel
USER 65532:65532
# Position and dead letters, by their default paths, and what `demo` keeps for a moment. Nothing is written elsewhere.
WORKDIR /var/lib/slack-otel
VOLUME /var/lib/slack-otel
ENV TMPDIR=/var/lib/slack-otel
# In MiB. Give the container about 128 MiB more than this, and raise both together.
ENV NODE_OPTIONS=--max-old-space-size=256
ENTRYPOINT ["/nodejs/bin/node", "--disable-proto=delete", "/app/slack-otel.mjs"]
CMD ["run"]
