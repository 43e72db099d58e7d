"""Several hosts on one PostgreSQL: any accepts, one publishes, and one that is cut off from the others and the database is replaced.

Two network namespaces (`ip netns`), each with a line to the submitters and a line to a bridge on which the database listens. The second
is what is cut: `ip link set … down`, with no word to anybody, so that the database still believes in the sessions and locks of a host that
is gone. With `--processes` the hosts are two processes of this machine instead, and one is
killed (SIGKILL) and started again. `python -m tests.torture.hosts [--times N] [--processes]`; 5 cuts unless told otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.entries import unframe
from crypto.merkle import leaf_hash
from tests.torture.crowd import Crowd
from tests.torture.keeping import Verdict, exit_code, say, settle
from tests.torture.postgres import Postgres, new_folder
from tests.torture.publisher import fetched
from tests.torture.scene import SOON, WALL_CLOCK_ONLY, Scene, Server, staged

if TYPE_CHECKING:
    from tests.torture.scene import Completed

ALONE = "TORTURE_NETWORK_ALONE"
NAMES = ("saksei-a", "saksei-b")
BATCH_SECONDS = 40
"""An interval longer than a dead line may keep its locks (app/postgresql.py, SILENT_SECONDS), so that `within one interval` can be held."""

TAKEOVER_SECONDS = 180.0
"""When to give up waiting; whether it was within an interval is told, and held by the long form."""

BRIDGE = "10.9.0.1"


def ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True)


def lay_lines() -> None:
    """The bridge, and for each host its namespace with a line to the submitters (10.9.n.0/24) and one to the bridge (10.9.0.0/24)."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "bridge", "type", "bridge")
    ip("addr", "add", f"{BRIDGE}/24", "dev", "bridge")
    ip("link", "set", "bridge", "up")
    for number, name in enumerate(NAMES, 1):
        ip("netns", "add", name)
        for line, far, here, there in (
            (f"front{number}", "front", f"10.9.{number}.1/24", f"10.9.{number}.2/24"),
            (f"back{number}", "back", "", f"10.9.0.{10 + number}/24"),
        ):
            ip("link", "add", line, "type", "veth", "peer", "name", far, "netns", name)
            if here:
                ip("addr", "add", here, "dev", line)
            else:
                ip("link", "set", line, "master", "bridge")
            ip("link", "set", line, "up")
            ip("-n", name, "addr", "add", there, "dev", far)
            ip("-n", name, "link", "set", far, "up")
        ip("-n", name, "link", "set", "lo", "up")


@dataclass
class Host:
    """One of them: its server, what runs commands there, and how it is cut off and comes back."""

    server: Server
    number: int
    apart: bool

    @property
    def wrapper(self) -> tuple[str, ...]:
        """What makes a command run on this host."""
        return ("ip", "netns", "exec", NAMES[self.number - 1]) if self.apart else ()

    def run(self, *words: str, check: bool = True) -> Completed:
        """Run `saksei-intake` there."""
        state = self.server.environment["SAKSEI_LOG_STATE_DIR"]
        return self.server.scene.intake(*words, wrapper=self.wrapper, check=check, env={"SAKSEI_LOG_STATE_DIR": state})

    def cut_off(self) -> None:
        """From the other host and from the database, without a word."""
        if self.apart:
            ip("link", "set", f"back{self.number}", "down")
        else:
            self.server.kill()

    def come_back(self) -> None:
        """The line stands again, or the process does."""
        if self.apart:
            ip("link", "set", f"back{self.number}", "up")
        else:
            self.server.launch()


def hosts_of(scene: Scene, *, apart: bool) -> list[Host]:
    """Two hosts, each with a log state of its own; the second begins its from the database, as an operator does who adds a host."""
    found = []
    for number in range(1, len(NAMES) + 1):
        server = scene.another(SAKSEI_LOG_STATE_DIR=str(scene.place / f"state-{number}"))
        server.host = f"10.9.{number}.2" if apart else "127.0.0.1"
        found.append(Host(server, number, apart))
    shutil.copytree(scene.place / "data" / "log", scene.place / "state-1")
    if found[1].run("publish", check=False).returncode == 0:
        raise AssertionError("a host that knows nothing of what was signed went on as if it did")
    found[1].run("publish", "--trust-database")
    return found


def takeover(server: Server, crowd: Crowd, interval: int) -> float:
    """Wait until all that was promised by now is in the log that this server shows; how many seconds after it was due.

    Raises TimeoutError after TAKEOVER_SECONDS.
    """
    due = (int(time.time()) // interval + 1) * interval
    wanted = {one.leaf for one in crowd.kept}
    while not wanted <= {leaf_hash(entry) for entry in unframe(fetched(server, "entries"))}:
        if time.time() > due + TAKEOVER_SECONDS:
            raise TimeoutError("nobody took over")
        time.sleep(0.2)
    return max(time.time() - due, 0.0)


def cut_each(scene: Scene, hosts: list[Host], times: int, interval: int) -> tuple[Crowd, float]:
    """Cut one off and then the other, while people go on sending to both; the slowest takeover in seconds."""
    slowest = 0.0
    with Crowd(scene.call, [host.server.target for host in hosts], pause=0.1, timeout=5) as crowd:
        for number in range(times):
            lost, left = hosts[number % 2], hosts[(number + 1) % 2]
            crowd.grown(10)
            lost.cut_off()
            crowd.grown(10)
            slowest = max(slowest, takeover(left.server, crowd, interval))
            lost.come_back()
            lost.server.await_ready()
    return crowd, slowest


def skewed_is_refused(host: Host) -> tuple[str, ...]:
    """`check` there, with a clock ten seconds fast: it must say so, and must not with a clock that is right."""
    state = {"SAKSEI_LOG_STATE_DIR": host.server.environment["SAKSEI_LOG_STATE_DIR"]}
    fast = (*host.wrapper, "faketime", "-f", "+10s")
    wrong = host.server.scene.intake("check", "--json", wrapper=fast, check=False, env={**WALL_CLOCK_ONLY, **state})
    right = host.run("check", "--json", check=False)
    said = '"clock", "holds": false'
    if wrong.returncode == 1 and said in wrong.stdout and said not in right.stdout:
        return ()
    return ("check does not refuse a host whose clock is wrong",)


def cut_apart(times: int, *, apart: bool) -> Verdict:
    """The whole story, on two hosts or on two processes."""
    interval = BATCH_SECONDS if apart else SOON["batch_seconds"]
    place = new_folder("saksei-torture-")
    postgres = Postgres(place, host=BRIDGE if apart else "127.0.0.1")
    try:
        postgres.start()
        with staged("postgresql", postgres=postgres, place=place, batch_seconds=interval) as scene:
            hosts = hosts_of(scene, apart=apart)
            for host in hosts:
                host.server.start(*host.wrapper)
            faults = skewed_is_refused(hosts[1])
            crowd, slowest = cut_each(scene, hosts, times, interval)
            crowd.faults += faults
            say(f"{times} cuts; slowest takeover {slowest:.1f} s after it was due, an interval is {interval} s; {dict(crowd.answers)}")
            if apart and slowest > interval:
                crowd.faults.append("the takeover took longer than an interval")
            crowd.finish()
            for host in hosts:
                host.server.stop()
            shutil.copytree(scene.place / "state-1", scene.place / "data" / "log", dirs_exist_ok=True)
            return settle(scene, crowd)
    finally:
        postgres.kill()
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Run it, in a network of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.hosts", description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--processes", action="store_true")
    chosen = parser.parse_args()
    if not chosen.processes and ALONE not in os.environ:
        alone = ["unshare", "--mount", "--net", "--propagation", "private", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        command = [*alone, sys.executable, "-m", "tests.torture.hosts", *sys.argv[1:]]
        os.execvpe("unshare", command, {**os.environ, ALONE: "1"})  # noqa: S606
    if not chosen.processes:
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)  # `ip netns` keeps its names there
        lay_lines()
    kind = "processes" if chosen.processes else "hosts"
    return exit_code([(f"two {kind} on one postgresql, {chosen.times} cuts", cut_apart(chosen.times, apart=not chosen.processes))])


if __name__ == "__main__":
    sys.exit(main())
