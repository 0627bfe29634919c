"""A certificate authority of one's own, and what it signs: for a broker on this machine that speaks TLS as those of a cluster do."""

import os
import shutil
import subprocess
from pathlib import Path

from shoplake.errors import Lacking, ShoplakeError

DAYS = "825"


class Certificates:
    """`ca` is what clients trust; `broker` holds the broker's key, its certificate (of localhost and 127.0.0.1) and the chain."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca, self.broker = folder / "ca.pem", folder / "broker.pem"

    def make(self) -> None:
        """Make them when they are not there. Raises Lacking without openssl."""
        if self.broker.exists():
            return
        if shutil.which("openssl") is None:
            raise Lacking("certificates are made by openssl, and none was found on the PATH. On Debian and Ubuntu: apt install openssl.")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = self.folder / "names.cnf"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n", encoding="utf-8")
        self._openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS, "-subj", "/CN=shoplake-on-this-machine", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr")
        self._openssl(
            "x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS, "-out", "broker.crt",
            "-extfile", names.name,
        )  # fmt: skip
        whole = "".join((self.folder / part).read_text(encoding="ascii") for part in ("broker.key", "broker.crt", "ca.pem"))
        partial = self.folder / "broker.partial"
        partial.touch(mode=0o600)
        partial.write_text(whole, encoding="ascii")
        os.replace(partial, self.broker)

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ShoplakeError(f"openssl {words[0]} failed: {done.stderr[-400:]}")
