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
RUN /opt/townline/bin/pip install --no-cache-dir --constraint requirements.lock . \
    && /opt/townline/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim
RUN useradd --system --user-group --uid 10001 --home-dir /data --no-create-home townline \
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
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8400/healthz', timeout=2)"]
CMD ["townline", "run"]
