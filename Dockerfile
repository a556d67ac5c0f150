# Two stages: the first builds a virtual environment, the second holds nothing but it.
#
#   docker build -t tidekeeper .
#   docker run --read-only --tmpfs /tmp -v tidekeeper:/data -e DISCORD_TOKEN tidekeeper
#
# The root file system may be read-only: everything that is written goes to /data.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/tidekeeper
COPY requirements/run.txt requirements/newer.txt requirements/
RUN /opt/tidekeeper/bin/pip install --require-hashes -r requirements/run.txt -r requirements/newer.txt
COPY . .
# The builder's own setuptools is not pinned by a hash; it stays in this stage.
RUN /opt/tidekeeper/bin/pip install --no-deps . \
    && /opt/tidekeeper/bin/python -m compileall -q /opt/tidekeeper/lib

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin tidekeeper \
    && install -d -o tidekeeper -g tidekeeper /data
COPY --from=build /opt/tidekeeper /opt/tidekeeper
ENV PATH=/opt/tidekeeper/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TIDEKEEPER_STORE_URL=sqlite:////data/tidekeeper.db
USER tidekeeper
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# Healthy: a bot on this database has listened within the last five minutes.
HEALTHCHECK --interval=60s --timeout=20s --start-period=300s --retries=3 \
    CMD ["tidekeeper", "doctor", "--health"]
ENTRYPOINT ["tidekeeper"]
CMD ["run"]
