# Base images are named by their exact version; docs/operations.md says how to name them by digest.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /srv/schakel
RUN python -m venv /srv/venv
COPY requirements.txt ./
# Wheels only: nothing is compiled, and each file has to have a hash of the list.
RUN /srv/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r requirements.txt
COPY app.py gunicorn.conf.py pyproject.toml README.md ./
COPY matcher matcher
COPY embeddings embeddings
RUN /srv/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --no-deps --no-build-isolation -e . \
  && /srv/venv/bin/python -m compileall -q app.py gunicorn.conf.py matcher embeddings \
  && /srv/venv/bin/pip uninstall --quiet --yes setuptools pip

FROM ${PYTHON}
# Pango writes the PDF files. The versions are those of the Debian release that the base image names.
# hadolint ignore=DL3008
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
  && rm -rf /var/lib/apt/lists/* \
  && python -m pip uninstall --quiet --yes --root-user-action=ignore wheel setuptools pip \
  && groupadd --gid 10001 schakel \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data \
    --shell /usr/sbin/nologin schakel \
  && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /srv /srv
COPY NOTICE /srv/schakel/
WORKDIR /srv/schakel
# The root may be read-only: the service writes to /data, and to /tmp, which may be in memory.
ENV PATH=/srv/venv/bin:$PATH \
  ORT_DISABLE_TELEMETRY=1 \
  PYTHONDONTWRITEBYTECODE=1 \
  XDG_CACHE_HOME=/tmp/cache \
  SCHAKEL_ENV=production \
  SCHAKEL_HOME=/data \
  SCHAKEL_BIND=0.0.0.0:8000
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Needs SCHAKEL_SECRET_KEY and SCHAKEL_PUBLIC_URL; without them the service says so and stops.
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["gunicorn", "app:app"]
