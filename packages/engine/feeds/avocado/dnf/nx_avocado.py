"""Plugin of dnf: tells what a transaction would install, and fetches exact packages.

With NX_AVOCADO_TRANSACTION, what dnf resolved is written to that file; the caller answers no to the rest.
`dnf nx-fetch FILE` fetches the packages that FILE names into its directory, each only if the repository says that it is the
one that is pinned.
"""

import json
import os
import shutil

import dnf
import dnf.cli
import dnf.exceptions
import hawkey


def sha256(package):
    kind, value = package.chksum
    return value.hex() if kind == hawkey.CHKSUM_SHA256 else None


def nevra(package):
    epoch = f"{package.epoch}:" if package.epoch else ""
    return f"{package.name}-{epoch}{package.version}-{package.release}.{package.arch}"


def describe(package):
    return {
        "name": package.name,
        "version": nevra(package)[len(package.name) + 1 : -len(package.arch) - 1],
        "architecture": package.arch,
        "location": package.remote_location(),
        "sha256": sha256(package),
        "size": package.downloadsize,
        "provides": [str(item) for item in package.provides],
    }


class Plugin(dnf.Plugin):
    name = "nx_avocado"

    def __init__(self, base, cli):
        super().__init__(base, cli)
        if cli is not None:
            cli.register_command(FetchCommand)

    def config(self):
        """The feed's user name and password, from a file: an argument or an address would show them."""
        path = os.environ.get("NX_AVOCADO_LOGIN", "")
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            login = json.load(file)
        feed = self.base.conf.substitutions.get("repo_url")
        for repository in self.base.repos.iter_enabled():
            if feed and any(address.startswith(feed) for address in repository.baseurl):
                repository.username = login["username"]
                repository.password = login["password"]

    def resolved(self):
        path = os.environ.get("NX_AVOCADO_TRANSACTION")
        if path:
            with open(path, "w", encoding="utf-8") as file:
                json.dump([describe(package) for package in self.base.transaction.install_set], file)


class FetchCommand(dnf.cli.Command):
    aliases = ("nx-fetch",)
    summary = "fetch pinned packages"

    @staticmethod
    def set_argparser(parser):
        parser.add_argument("pins")

    def configure(self):
        demands = self.cli.demands
        demands.sack_activation = True
        demands.available_repos = True
        demands.load_system_repo = False

    def run(self):
        with open(self.opts.pins, encoding="utf-8") as file:
            plan = json.load(file)
        available = {}
        for package in self.base.sack.query().available():
            available.setdefault(nevra(package), []).append(package)
        vanished = [name for name in plan["pins"] if name not in available]
        changed = [
            name
            for name, pinned in plan["pins"].items()
            if name in available and pinned not in [sha256(package) for package in available[name]]
        ]
        with open(plan["report"], "w", encoding="utf-8") as file:
            json.dump({"vanished": vanished, "changed": changed}, file)
        if vanished or changed:
            raise dnf.exceptions.Error("the feed does not have what is pinned")
        wanted = [
            next(package for package in available[name] if sha256(package) == pinned)
            for name, pinned in plan["pins"].items()
        ]
        self.base.download_packages(wanted, self.base.output.progress)
        # dnf removes its own copies at its end.
        for package in wanted:
            shutil.move(package.localPkg(), plan["directory"])

