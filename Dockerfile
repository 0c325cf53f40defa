# syntax=docker/dockerfile:1.7
# The image of the service. Build: docker build -t fairlead .
# For production, name the commit, with an SBOM and provenance:
# docker buildx build --build-arg SOURCE_COMMIT=$(git rev-parse HEAD) --sbom=true --provenance=mode=max ...
# The digests are those of the indexes for all platforms; Dependabot proposes the next ones.
ARG PYTHON=python:3.13.15-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

# hadolint ignore=DL3006
FROM ${PYTHON} AS build
ARG SOURCE_COMMIT=""
WORKDIR /src
# Dependencies come from the lock, with hashes, before the sources, so a code change reuses this layer.
COPY requirements.lock ./
RUN python -m venv /opt/fairlead \
    && /opt/fairlead/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY requirements-build.lock hatch_build.py pyproject.toml README.md LICENSE ./
COPY bot bot
COPY rules rules
COPY templates templates
COPY tools/validator tools/validator
# The locked build backend builds the wheel, not the newest one.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && SOURCE_COMMIT="$SOURCE_COMMIT" /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation -w /dist . \
    && /opt/fairlead/bin/pip install --no-cache-dir --no-deps /dist/fairlead-*.whl \
    # The service runs without the stand-in GitHub of the demo.
    && rm -rf /opt/fairlead/lib/python3.13/site-packages/bot/standin

# The renderers, with the sha256 from bot/render/tools.lock: any other archive fails the build.
FROM scratch AS tools-amd64
ADD --checksum=sha256:029a7f0f4e1932c52a0476cf02a0fd855c0bb85694b82c338fc648dcb53a819d \
    https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize/v5.8.1/kustomize_v5.8.1_linux_amd64.tar.gz \
    /kustomize.tar.gz
ADD --checksum=sha256:c306b46f719b0a4da32d0f78ee21bf90ce8d602f15b22ab753f0674d1670a7f3 \
    https://get.helm.sh/helm-v4.2.4-linux-amd64.tar.gz \
    /helm.tar.gz

FROM scratch AS tools-arm64
ADD --checksum=sha256:0953ea3e476f66d6ddfcd911d750f5167b9365aa9491b2326398e289fef2c142 \
    https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize/v5.8.1/kustomize_v5.8.1_linux_arm64.tar.gz \
    /kustomize.tar.gz
ADD --checksum=sha256:564de2191b881e9f71b5606b25345821ea1682f06ab90499d3ab22b530176da1 \
    https://get.helm.sh/helm-v4.2.4-linux-arm64.tar.gz \
    /helm.tar.gz

# This selects one of the two stages above; hadolint mistakes it for an image without a tag.
# hadolint ignore=DL3006
FROM tools-${TARGETARCH} AS tools

# hadolint ignore=DL3006
FROM ${PYTHON} AS unpack
WORKDIR /unpacked
COPY --from=tools /kustomize.tar.gz /helm.tar.gz /archives/
# In Helm's archive, the binary is in a folder named after the platform.
RUN tar -xzf /archives/kustomize.tar.gz kustomize \
    && tar -xzf /archives/helm.tar.gz --strip-components=1 --wildcards '*/helm' \
    && ./kustomize version \
    && ./helm version --short

# Kubernetes' own validation, pinned by tools/validator/go.sum.
FROM golang:1.26.5-trixie@sha256:87ffdb09b6a2e29ff910748b745395e8a0299aa80b7c0551cdca9b55e3fd2b3e AS validator
WORKDIR /src
COPY tools/validator ./
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o /validator . \
    && /validator version

# hadolint ignore=DL3006
FROM ${PYTHON}
# git connects to GitHub; tini reaps child processes. Debian's security fixes change their versions.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin fairlead \
    && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/fairlead /opt/fairlead
COPY --from=unpack --chmod=0555 /unpacked/kustomize /unpacked/helm /usr/local/lib/fairlead/
COPY --from=validator --chmod=0555 /validator /usr/local/lib/fairlead/
ENV PATH=/opt/fairlead/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    FAIRLEAD_TOOLS=/usr/local/lib/fairlead \
    HOST=0.0.0.0 \
    PORT=8080 \
    ADMIN_HOST=0.0.0.0 \
    ADMIN_PORT=8081
USER 10001
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"ADMIN_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "fairlead"]
CMD ["serve"]
