"""Makes what the Containerfile describes without a container engine, and tries it: ``make container-test``.

Its RUN and COPY steps are carried out in root file systems of debootstrap, by chroot. Then the entry point runs in
namespaces of its own: as the user of the image, on a root file system that is read-only. Takes minutes, root and a
network.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
FILE = SOURCE / "Containerfile"
SUITE = "bookworm"

AUTHORITIES = Path(os.environ.get("PIP_CERT") or "/etc/ssl/certs/ca-certificates.crt")
LENT = "/etc/authorities.pem"
"""Where they are while it is built: Debian's package of them writes its own file anew."""


@dataclass(frozen=True)
class Step:
    """An instruction."""

    name: str
    text: str


@dataclass
class Stage:
    """What one FROM begins."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list)

    def last(self, name: str) -> str:
        """The text of the last instruction of that name, or nothing."""
        return next((step.text for step in reversed(self.steps) if step.name == name), "")


def stages(text: str) -> list[Stage]:
    """The stages of a Containerfile."""
    found: list[Stage] = []
    for step in _instructions(text):
        if step.name == "FROM":
            base, _, name = step.text.partition(" AS ")
            found.append(Stage(name, base))
        else:
            found[-1].steps.append(step)
    return found


def _instructions(text: str) -> Iterator[Step]:
    held = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or not line.strip():
            continue
        held += line.rstrip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            name, _, rest = held.partition(" ")
            yield Step(name, " ".join(rest.split()))
            held = ""


def copied(step: Step) -> tuple[str, str, list[str], str]:
    """Of a COPY: the stage that it takes from, the mode, the sources and the place."""
    words = shlex.split(step.text)
    options = {name: value for name, _, value in (word[2:].partition("=") for word in words if word.startswith("--"))}
    *sources, place = (word for word in words if not word.startswith("--"))
    return options.get("from", ""), options.get("chmod", ""), sources, place


def run(*command: str, code: int = 0, **more: object) -> str:
    """Run a command that must end with ``code``, and return what it printed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)  # type: ignore[call-overload]
    if done.returncode != code:
        sys.exit(f"{shlex.join(command)} ended with {done.returncode}, not {code}:\n{done.stdout}")
    output: str = done.stdout
    return output


def variables(stage: Stage) -> dict[str, str]:
    """The environment that a stage's programs have."""
    found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    for step in stage.steps:
        if step.name == "ENV":
            found |= dict(word.split("=", 1) for word in shlex.split(step.text))
    return found


def build(stage: Stage, root: Path, roots: Mapping[str, Path]) -> None:
    """Carry out the steps of a stage in ``root``. The settings of apt and pip are this machine's."""
    env = variables(stage) | {"DEBIAN_FRONTEND": "noninteractive"}
    env |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    env |= {"PIP_CERT": LENT} if AUTHORITIES.is_file() else {}
    for step in stage.steps:
        if step.name == "RUN":
            print(f"  RUN {step.text[:90]}", flush=True)
            run("chroot", str(root), "/bin/sh", "-c", step.text, env=env, stdin=subprocess.DEVNULL)
        elif step.name == "COPY":
            print(f"  COPY {step.text}", flush=True)
            origin, mode, sources, place = copied(step)
            _copy([roots[origin] / name.lstrip("/") if origin else SOURCE / name for name in sources], root, place)
            if mode:
                (root / place.lstrip("/")).chmod(int(mode, 8))


def _copy(sources: Sequence[Path], root: Path, place: str) -> None:
    to = root / place.lstrip("/")
    for source in sources:
        if source.is_dir():
            skipped = shutil.ignore_patterns("__pycache__") if source.is_relative_to(SOURCE) else None
            shutil.copytree(source, to, symlinks=True, ignore=skipped, dirs_exist_ok=True)
        else:
            target = to / source.name if place.endswith("/") else to
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def lend_network(root: Path) -> None:
    """Give ``root`` this machine's ways to Debian's and Python's packages."""
    for name in ("/etc/resolv.conf", "/etc/pip.conf", "/root/.config/pip/pip.conf"):
        if Path(name).is_file():
            (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, root / name.lstrip("/"))
    if AUTHORITIES.is_file():
        shutil.copy(AUTHORITIES, root / LENT.lstrip("/"))


CONFINED = """
set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind "$2" "$1/work"
mount --bind "$3" "$1/etc/resolv.conf"
mount -o remount,bind,ro "$1"
ip link set lo up
sysctl -q net.ipv4.ip_unprivileged_port_start=0
shift 3
exec "$@"
"""
"""As container engines do it: a network of its own, its own processes, a read-only root file system."""


def start(stage: Stage, root: Path, work: Path, *arguments: str, entry: Sequence[str] = (), code: int = 0) -> str:
    """What the container prints that was started with ``arguments``, in a network without anybody."""
    entry = entry or json.loads(stage.last("ENTRYPOINT"))
    resolv = work.parent / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    user = stage.last("USER")
    places = (str(root), str(work), str(resolv))
    return run(
        *("unshare", "--mount", "--pid", "--fork", "--net", "sh", "-c", CONFINED, "sh", *places),
        *("chroot", f"--userspec={user}:{user}", str(root)),
        *("env", "-i", *(f"{name}={value}" for name, value in variables(stage).items())),
        *("sh", "-c", f'cd {stage.last("WORKDIR")} && exec "$@"', "sh", *entry, *arguments),
        code=code,
    )  # fmt: skip


def main() -> None:
    """Build it, try it, and say what was seen."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("needs root and debootstrap")
    found = stages(FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="mailproof-container-", dir="/var/tmp") as place:
        roots: dict[str, Path] = {}
        bare = Path(place) / "bare"
        print(f"debootstrap {SUITE}", flush=True)
        run("debootstrap", "--variant=minbase", SUITE, str(bare))
        lend_network(bare)
        for stage in found:
            print(f"FROM {stage.base} {stage.name}", flush=True)
            root = roots[stage.name] = Path(place) / f"root-{len(roots)}"
            run("cp", "-a", str(bare), str(root))
            build(stage, root, roots)
        image, root = found[-1], roots[found[-1].name]
        work = Path(place) / "work"
        work.mkdir()
        work.chmod(0o777)
        said = start(image, root, work, "demo", code=1)
        assert "decision: FAIL" in said, said
        assert (work / "reports" / "demo.json").is_file(), said
        print(said.strip().splitlines()[-1])
        who = start(image, root, work, "-c", "id -u; touch /etc/x 2>&1; true", entry=("/bin/sh",))
        assert who.startswith("10001\n"), who
        assert "Read-only file system" in who, who
        print("runs as user 10001, on a read-only root file system")
        look = (
            "import dns.message, dns.query; "
            "print(dns.query.udp(dns.message.make_query('localhost.', 'A'), '127.0.0.1', timeout=9).answer[0][0])"
        )
        said = start(image, root, work, look, entry=("/bin/sh", "-c", 'unbound; exec python -c "$0"'))
        assert said.strip().endswith("127.0.0.1"), said  # which Unbound knows by itself; there is no network here
        print("its Unbound answers")
        size = run("du", "-sm", str(root)).split()[0]
        print(f"{size} MB unpacked; all as it should be")


if __name__ == "__main__":
    main()
