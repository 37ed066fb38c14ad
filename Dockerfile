FROM python:3.11-slim
# Pango writes the PDF files.
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home schakel
WORKDIR /srv/schakel
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt
COPY app.py gunicorn.conf.py pyproject.toml README.md ./
COPY matcher matcher
COPY embeddings embeddings
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps -e .
RUN mkdir /data && chown schakel /data
USER schakel
# Needs SCHAKEL_SECRET_KEY; without it the service says so and stops.
ENV ORT_DISABLE_TELEMETRY=1 SCHAKEL_ENV=production SCHAKEL_HOME=/data SCHAKEL_BIND=0.0.0.0:8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["gunicorn", "app:app"]
