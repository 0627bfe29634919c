"""An LDAP directory in memory: who may log in to a HiveServer2 that asks one, as those of a real cluster do."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster import java
from cluster.ports import HOST, is_answered, kept
from cluster.process import LIMIT, Server
from cluster.resolve import resolve

DIRECTORY = "com.unboundid.ldap.listener.InMemoryDirectoryServerTool"
BASE = "dc=shop,dc=example"
PEOPLE = f"ou=people,{BASE}"


class Directory:
    """A directory of people and their passwords, kept while it runs."""

    def __init__(self, folder: Path, people: Mapping[str, str]) -> None:
        self.folder, self.people = folder.absolute(), dict(people)
        self.server = Server("ldap", self.folder)

    def start(self, limit: float = LIMIT) -> Self:
        """Raises Lacking when Java or the jar is not to be had, ShoplakeError with the log's end when it does not come up."""
        home = resolve("ldap")
        self.port = kept(self.folder, ["ldap"])["ldap"]
        (self.folder / "people.ldif").write_text(self._entries(), encoding="utf-8")
        words = java.command(DIRECTORY, [f"{home}/lib/*"], "128m", self.folder / "tmp")
        words += ["--baseDN", BASE, "--ldifFile", str(self.folder / "people.ldif"), "--port", str(self.port)]
        try:
            self.server.start(words)
            self.server.wait(lambda: is_answered(self.port), limit)
        except BaseException:
            self.server.stop()
            raise
        return self

    def hive_settings(self) -> dict[str, str]:
        """What a HiveServer2 that asks this directory says in hive-site.xml."""
        return {
            "hive.server2.authentication": "LDAP",
            "hive.server2.authentication.ldap.url": f"ldap://{HOST}:{self.port}",
            "hive.server2.authentication.ldap.baseDN": PEOPLE,
        }

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self.server.stop()

    def _entries(self) -> str:
        found = [f"dn: {BASE}\nobjectClass: domain\ndc: shop", f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people"]
        for name, password in self.people.items():
            kind = "objectClass: inetOrgPerson"
            found.append(f"dn: uid={name},{PEOPLE}\n{kind}\nuid: {name}\ncn: {name}\nsn: {name}\nuserPassword: {password}")
        return "\n\n".join(found) + "\n"
