# docker build -t hallpass . && docker run --env-file .env -v hallpass:/data -p 127.0.0.1:8710:8710 hallpass
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# The packages first: they change less often than we do.
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements.lock

COPY pyproject.toml README.md manifest.yml ./
COPY storage storage
COPY bot bot
COPY commands commands
RUN pip install --no-deps --no-build-isolation --no-index . \
    && useradd --system --home-dir /data hallpass \
    && install -d -o hallpass -m 700 /data

# The database, and beside it the keys made at the first start: keep this volume.
VOLUME /data
WORKDIR /data
USER hallpass
ENV HALLPASS_DATABASE_URL=sqlite:////data/hallpass.db HALLPASS_LISTEN=0.0.0.0:8710
EXPOSE 8710
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8710/healthz', timeout=4)"]

# Signals reach the bot itself, which then finishes what is in flight.
ENTRYPOINT ["hallpass"]
CMD ["run"]
