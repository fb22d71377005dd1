# One small image: the daemon, the shipped town under /town, all data under /data.
#
#   docker build -t townline .
#   docker run -p 8400:8400 -v townline:/data townline
#
# Your own town: -v ./town:/town:ro. Settings: -e TOWNLINE_..., see docs/operations.md.

FROM python:3.11-slim AS build
RUN python -m venv /opt/townline
WORKDIR /src
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY router router
COPY channels channels
RUN /opt/townline/bin/pip install --no-cache-dir --constraint requirements.lock '.[postgresql]' \
    && /opt/townline/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin townline \
    && install -d -o townline -g townline -m 0700 /data
COPY --from=build /opt/townline /opt/townline
COPY skills.yaml /town/skills.yaml
COPY config /town/config
COPY ivr_flows /town/ivr_flows
# practice accounts have a known password: never in a container that listens to the world
ENV PATH=/opt/townline/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TOWNLINE_POLICY_DIR=/town \
    TOWNLINE_DATA_DIR=/data \
    TOWNLINE_HTTP__HOST=0.0.0.0 \
    TOWNLINE_MAIL__SMTP_LISTEN=0.0.0.0:8025 \
    TOWNLINE_PRACTICE=false
WORKDIR /data
USER townline
VOLUME /data
EXPOSE 8400 8025
# asks past any proxy of the environment, on the port that the settings name
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; at = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('TOWNLINE_HTTP__PORT', 8400)), timeout=2); at.request('GET', '/healthz'); sys.exit(at.getresponse().status != 200)"]
CMD ["townline", "run"]
