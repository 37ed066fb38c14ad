"""How gunicorn serves: `gunicorn app:app` takes everything from the settings."""

import os
import shutil
import sys
import tempfile

from matcher import logs, metrics
from matcher.serving.handover import HANDOVER
from matcher.serving.preload import preload
from matcher.settings import SettingsError, read_settings

try:
    _settings = read_settings()
except SettingsError as error:
    sys.exit(f"Schakel can't start: {error}")
bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
worker_class = "matcher.serving.worker.Worker"
sendfile = False  # it would wait for a client for as long as it likes
timeout = 60
graceful_timeout = 20
limit_request_line = 8190  # a question stands in its address
# `preload` loads what may cross a fork; the rest, such as FAISS and connections, each worker opens.
preload_app = False
control_socket_disable = True


def on_starting(server):
    """Load what all workers share, before they are forked, and let them count together."""
    os.environ[metrics.FOLDER] = tempfile.mkdtemp(prefix="schakel-metrics-")
    if not server.cfg.reload:
        preload()
    if server.master_pid:  # of the master that started this one, on SIGUSR2
        HANDOVER.begin()


def on_reload(_server):
    """Let the workers that are there answer until new ones have started."""
    HANDOVER.begin()


def post_worker_init(worker):
    """Open the index before the first request comes, and begin to run jobs."""
    logs.configure(_settings, serving=True)
    try:
        metrics.enable()
    except ImportError as error:  # no reason not to answer
        worker.log.error("No figures are kept for /metrics: %s", error)

    def prepare():
        try:
            worker.wsgi.complete()
            worker.wsgi.extensions["schakel"].warm_up(worker.log.info)
        except SettingsError as error:
            worker.log.critical("Schakel can't start: %s", error)
            raise
        except Exception:
            worker.log.exception("Schakel can't start")
            raise

    worker.start_up(prepare)


def worker_exit(_server, worker):
    """Let another worker go on with the job."""
    if hasattr(worker, "wsgi") and "schakel" in worker.wsgi.extensions:
        worker.wsgi.extensions["schakel"].end()


def child_exit(_server, worker):
    """Forget the figures that hold only while the worker lives."""
    metrics.worker_ended(worker.pid)


def on_exit(_server):
    """Leave nothing behind."""
    shutil.rmtree(os.environ.get(metrics.FOLDER, ""), ignore_errors=True)
