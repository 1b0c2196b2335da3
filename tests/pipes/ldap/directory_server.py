"""Debian's slapd for tests: a directory of its own in a folder, on a free port."""

from __future__ import annotations

import getpass
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_processes import as_user, binaries, free_port, owned, run, wait_for_port

ROOT = "dc=example,dc=org"
ADMIN = f"cn=admin,{ROOT}"
PASSWORD = "let-me-in"
SCHEMAS = ("core", "cosine", "inetorgperson", "nis", "msuser")
CONFIG = """
{includes}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
{tls}
sizelimit 500
database mdb
suffix "{root}"
rootdn "{admin}"
rootpw {password}
directory {folder}/data
maxsize 268435456
dbnosync
limits users size=unlimited
"""


@dataclass
class DirectoryServer:
    """A running slapd."""

    port: int
    ssl_port: int
    process: subprocess.Popen

    def options(self, **more):
        """The options of a system for it."""
        login = {"username": ADMIN, "password": PASSWORD}
        return {"type": "system:ldap", "host": "127.0.0.1", "port": self.port, **login, **more}

    def kill(self):
        self.process.kill()
        self.process.wait(30)


@contextmanager
def slapd(folder: Path, ldif: str, certificate: tuple[str, str] | None = None):
    """A directory that holds the entries of `ldif`, with TLS where it is given PEM texts."""
    name = "openldap" if os.getuid() == 0 else getpass.getuser()
    data = folder / "data"
    data.mkdir(parents=True)
    for one in (folder, data):
        owned(one, name)
    user = as_user(name)
    tls = ""
    if certificate:
        for what, text in zip(("certificate", "key"), certificate, strict=True):
            (folder / what).write_text(text)
            owned(folder / what, name)
        tls = f"TLSCertificateFile {folder}/certificate\nTLSCertificateKeyFile {folder}/key"
    includes = "\n".join(f"include /etc/ldap/schema/{schema}.schema" for schema in SCHEMAS)
    facts = {"root": ROOT, "admin": ADMIN, "password": PASSWORD, "folder": folder}
    config, entries, log = folder / "slapd.conf", folder / "entries.ldif", folder / "log"
    config.write_text(CONFIG.format(includes=includes, tls=tls, **facts))
    entries.write_text(ldif)
    bin_ = binaries("slapd", "/usr/sbin")
    run([*user, bin_ / "slapadd", "-f", config, "-l", entries, "-q"], folder)
    port, ssl_port = free_port(), free_port()
    urls = f"ldap://127.0.0.1:{port}" + (f" ldaps://127.0.0.1:{ssl_port}" if tls else "")
    with log.open("wb") as output:
        process = subprocess.Popen(
            # Without a fork: what is killed is the server itself.
            [bin_ / "slapd", "-f", config, "-h", urls, "-d", "0"],
            stdout=output,
            stderr=output,
            cwd=folder,
            user=name if os.getuid() == 0 else None,
        )
        try:
            wait_for_port(port, process, log)
            yield DirectoryServer(port, ssl_port, process)
        finally:
            process.terminate()
            process.wait(30)
