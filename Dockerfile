# syntax=docker/dockerfile:1.7
# The image of the service. Build: docker build -t fairlead .
# Pin the base by digest where you build for production: the tag moves with security fixes.

FROM python:3.13-slim-trixie AS build
WORKDIR /src
# Wheels come from the lock, with hashes, before the sources: a change of code reuses this layer.
COPY requirements.lock ./
RUN python -m venv /opt/fairlead \
    && /opt/fairlead/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY requirements-dev.lock pyproject.toml README.md LICENSE ./
COPY bot bot
COPY rules rules
COPY templates templates
# The wheel is built with the build backend that is locked, not with the newest.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock \
    && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation -w /dist . \
    && /opt/fairlead/bin/pip install --no-cache-dir --no-deps /dist/fairlead-*.whl

FROM python:3.13-slim-trixie
# git speaks to GitHub; tini reaps the children. Debian's security fixes move their versions.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin fairlead \
    && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/fairlead /opt/fairlead
ENV PATH=/opt/fairlead/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8080
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "fairlead"]
CMD ["serve"]
