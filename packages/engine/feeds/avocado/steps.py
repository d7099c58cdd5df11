"""Runs the steps of a plan (src/feed/avocado/steps.ts) one after the other, in the SDK image: one container for all."""

import base64
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request


def write(step):
    os.makedirs(os.path.dirname(step["path"]), exist_ok=True)
    with open(step["path"], "w", encoding="utf-8") as file:
        file.write(step["content"])


def copy(step):
    """Copies what is there; an image need not have all of it."""
    if os.path.isdir(step["from"]):
        shutil.copytree(step["from"], step["to"], symlinks=True, dirs_exist_ok=True)
    elif os.path.exists(step["from"]):
        os.makedirs(os.path.dirname(step["to"]), exist_ok=True)
        shutil.copy2(step["from"], step["to"])


def replace(step):
    if not os.path.exists(step["path"]):
        return
    with open(step["path"], encoding="utf-8") as file:
        text = file.read()
    for pattern, value in step["values"]:
        text = re.sub(pattern, value.replace("\\", "\\\\"), text, flags=re.MULTILINE)
    with open(step["path"], "w", encoding="utf-8") as file:
        file.write(text)


def join(step):
    """All files that exist, as one."""
    os.makedirs(os.path.dirname(step["to"]), exist_ok=True)
    with open(step["to"], "w", encoding="utf-8") as joined:
        for path in step["from"]:
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    joined.write(file.read().rstrip() + "\n")


def run(step, environment):
    done = subprocess.run(step["argv"], env={**environment, **step.get("env", {})}, stdin=subprocess.DEVNULL, check=False)
    # dnf that was told to answer no ends with 1, as it does on an error; then it has not written what it resolved.
    if done.returncode != 0 and not os.path.exists(step.get("result", "")):
        print(f"step failed: {step['label']} (code {done.returncode})", file=sys.stderr)
        sys.exit(max(1, done.returncode))


def remember_environment(step, environment):
    """What a shell has after it sourced a file, as JSON: what changed by it alone."""
    script = 'set -a; . "$1" >&2; exec python3 -c "import json, os; print(json.dumps(dict(os.environ)))"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", step["from"]], env={**environment, **step["env"]}, stdout=subprocess.PIPE, check=True
    )
    after = json.loads(done.stdout)
    shell = {"_", "OLDPWD", "PWD", "SHLVL"}
    changed = {name: value for name, value in after.items() if environment.get(name) != value and name not in shell}
    with open(step["to"], "w", encoding="utf-8") as file:
        json.dump(changed, file, sort_keys=True)


def request(step):
    """With the feed's user name and password, where it has them."""
    if not os.path.exists(step["login"]):
        return urllib.request.Request(step["url"])
    with open(step["login"], encoding="utf-8") as file:
        login = json.load(file)
    words = f"{login['username']}:{login['password']}".encode()
    return urllib.request.Request(step["url"], headers={"Authorization": f"Basic {base64.b64encode(words).decode()}"})


def get(step):
    """A small document by HTTP; a feed need not have it."""
    context = ssl.create_default_context(cafile=step["trusted"])
    # As curl does it: authorities of companies often lack what Python's strictness asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not step["tls_verify"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request(step), timeout=30, context=context) as answer:
            content = answer.read(1 << 20)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            return
        sys.exit(f"Status code: {error.code} for {step['url']}")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        sys.exit(f"Curl error ({60 if isinstance(reason, ssl.SSLError) else 7}): {reason} for {step['url']}")
    with open(step["to"], "wb") as file:
        file.write(content)


def unpack(step):
    """
    The files of packages, without their scripts. Not by rpm --root, nor by dnf --installroot: both need the privilege to
    change the root directory, which a container of ours does not have.
    """
    for package in step["packages"]:
        with subprocess.Popen(["rpm2cpio", package], stdout=subprocess.PIPE) as reader:
            unpack_archive(reader.stdout, step["to"])
        if reader.returncode != 0:
            sys.exit(f"cannot read {package}")


def unpack_archive(stream, root):
    """A cpio archive in the format of rpm's payloads (newc). Owners are left aside, device nodes are left out."""
    links = {}
    directories = {}
    while True:
        header = stream.read(110)
        if header[:6] not in (b"070701", b"070702"):
            sys.exit("a package's payload is no cpio archive")
        numbers = [int(header[6 + 8 * index : 14 + 8 * index], 16) for index in range(13)]
        inode, mode, count, size, length = numbers[0], numbers[1], numbers[4], numbers[6], numbers[11]
        name = stream.read(length)[:-1].decode("utf-8", "surrogateescape")
        stream.read(-(110 + length) % 4)
        content = stream.read(size)
        stream.read(-size % 4)
        if name == "TRAILER!!!":
            break
        path = inside(root, name)
        kind = stat.S_IFMT(mode)
        if kind == stat.S_IFDIR:
            # A link to a directory stays: /lib of a merged /usr.
            os.makedirs(path, exist_ok=True)
            directories[path] = stat.S_IMODE(mode)
            continue
        if kind not in (stat.S_IFREG, stat.S_IFLNK):
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        if kind == stat.S_IFLNK:
            os.symlink(content, path.encode("utf-8", "surrogateescape"))
            continue
        if count > 1 and inode in links:
            # The last of the names of a file has its content.
            os.link(links[inode], path)
        links[inode] = path
        if size > 0 or not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(content)
        os.chmod(path, stat.S_IMODE(mode))
    # Padding: a writer that is not read to its end fails.
    while stream.read(1 << 16):
        pass
    for path, mode in directories.items():
        os.chmod(path, mode)


def inside(root, name):
    """A path of an archive below the root, whatever links there are in it."""
    path = os.path.normpath(os.path.join(root, re.sub(r"^\.?/+", "", name)))
    parent = os.path.realpath(os.path.dirname(path))
    if parent != root and not parent.startswith(root + "/"):
        sys.exit(f"a package's file leads out of the root: {name}")
    return path


def chown(step):
    subprocess.run(["chown", "-R", "-h", step["owner"], step["path"]], check=True)


kinds = {"write": write, "copy": copy, "replace": replace, "join": join, "get": get, "unpack": unpack, "chown": chown}


def main(path):
    with open(path, encoding="utf-8") as file:
        steps = json.load(file)
    os.umask(0o022)
    environment = dict(os.environ)
    for step in steps:
        kind = step["kind"]
        if kind == "run":
            run(step, environment)
        elif kind == "environment":
            remember_environment(step, environment)
        else:
            kinds[kind](step)


main(sys.argv[1])
