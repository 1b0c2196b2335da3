"""A real container engine for tests: Podman with a store and networks of its own, and one image.

The image is made of Debian's static busybox: nothing is fetched from anywhere.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

IMAGE = "localhost/people:1"
SERVICE = """#!/bin/busybox sh
printf '[{"_id": "%s", "limits": %s}]' "$WHO" "${LIMITS:-0}" > /www/entities
echo "listening as $WHO"
echo "text: $TEXT"
exec /bin/busybox httpd -f -p 8080 -h /www
"""


def archive(service):
    """The files of the image."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        busybox = Path(shutil.which("busybox") or "/bin/busybox")
        for name, content in (("bin/busybox", busybox.read_bytes()), ("service", service.encode())):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
        for name in ("www", "tmp"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
    return data.getvalue()


class Engine:
    """Podman; `why_not` says why no container can run on this machine."""

    def __init__(self):
        self.why_not = ""

    def run(self, *arguments, given=None):
        done = subprocess.run(["podman", *arguments], input=given, capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()

    def told(self, *arguments, given=None):
        code, text = self.run(*arguments, given=given)
        assert code == 0, text
        return text

    def make(self, image=IMAGE, service=SERVICE):
        changes = ("--change", 'ENTRYPOINT ["/bin/busybox", "sh", "/service"]')
        self.told("import", *changes, "-", image, given=archive(service))

    def names(self):
        """The containers that there are, running or not."""
        return self.told("ps", "-a", "--format", "{{.Names}}").split()


@contextmanager
def podman(folder):
    """An engine whose store is in this folder; what it left goes at the end."""
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = []\n[engine]\nruntime = "runc"\n'
        f'cgroup_manager = "cgroupfs"\nevents_logger = "file"\ntmp_dir = "{folder}/run"\n'
        f'[network]\nnetwork_config_dir = "{folder}/networks"\n'
    )
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/store"\nrunroot = "{folder}/runroot"\n'
    )
    own = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    with patch.dict(os.environ, own):
        engine = Engine()
        assert shutil.which("podman"), "podman is not installed; `make test` installs it"
        engine.make()
        code, text = engine.run(
            *("run", "--rm", "-p", "127.0.0.1::8080", "--memory", "64m", "--ulimit", "host"),
            *("--entrypoint", "/bin/busybox", IMAGE, "true"),
        )
        engine.why_not = "" if code == 0 else f"no container runs here: {text}"
        try:
            yield engine
        finally:
            engine.run("rm", "-fa", "-t", "0")
            engine.run("rmi", "-fa")
