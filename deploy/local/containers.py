"""The back-ends as containers of a Docker engine that is running and has the images.

They share the machine's network and listen on the loopback address only, so that everything else
(ports, key file, accounts) is the same as with local processes. Nothing is ever pulled. Data lives
in named volumes, because the images' users are not the user of this machine.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from deploy.local import mongodb, rabbitmq
from deploy.local.programs import Program

MONGO_IMAGE = "mongo:6.0"
RABBIT_IMAGE = "rabbitmq:3-management"
ANSWER_SECONDS = 20
RABBIT_FILES = "/etc/rabbitmq/tiaojie"


def available() -> bool:
    """Whether a Docker engine answers and has both images."""
    return _docker("image", "inspect", "--format", "{{.Id}}", MONGO_IMAGE, RABBIT_IMAGE)


def mongo_program(folder: Path, port: int, key: str) -> Program:
    """mongod in a container that ends with this program; `key` is the key file's content."""
    script = (
        'umask 077; printf %s "$KEY" > /tmp/key; '
        'exec mongod --dbpath /data/db --keyFile /tmp/key "$@"'
    )
    name = _names(folder.parent)[0]
    return Program(
        name="mongod",
        argv=(
            *_run(name, "--volume", f"{name}:/data/db", "--env", "KEY", "--entrypoint", "sh"),
            *(MONGO_IMAGE, "-c", script, "mongod", *mongodb.options(port)),
        ),
        log=folder / "mongod.log",
        environment={"KEY": key},
        rank=2,
    )


def rabbit_program(
    folder: Path, ports: rabbitmq.Ports, users: tuple[rabbitmq.User, ...]
) -> Program:
    """A RabbitMQ node in a container that ends with this program."""
    rabbitmq.write_configuration(folder, ports, users, seen_as=Path(RABBIT_FILES))
    # The image's user reads these; the data folder above lets nobody else of this machine in.
    folder.chmod(0o755)
    for name in rabbitmq.FILES:
        (folder / name).chmod(0o644)
    environment = rabbitmq.node_environment(Path(RABBIT_FILES), ports)
    for variable in rabbitmq.WRITTEN_FOLDERS:
        environment.pop(variable)  # the image has folders of its own that its user may write
    name = _names(folder.parent)[1]
    return Program(
        name="rabbitmq",
        argv=(
            *_run(name, "--volume", f"{name}:/var/lib/rabbitmq"),
            *("--volume", f"{folder}:{RABBIT_FILES}:ro"),
            *(part for variable in environment for part in ("--env", variable)),
            RABBIT_IMAGE,
        ),
        log=folder / "rabbitmq.log",
        environment=environment,
        stop_seconds=40.0,
        rank=2,
    )


def remove_leftovers(data_dir: Path) -> None:
    """No container of this data folder runs, whatever ended an earlier run; volumes stay."""
    _docker("rm", "--force", *_names(data_dir))


def remove_volumes(data_dir: Path) -> None:
    """What the containers of this data folder stored is gone."""
    remove_leftovers(data_dir)
    _docker("volume", "rm", "--force", *_names(data_dir))


def _names(data_dir: Path) -> tuple[str, str]:
    """Names of container and volume of each back-end, different for each data folder."""
    own = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:8]
    return f"tiaojie-mongo-{own}", f"tiaojie-rabbitmq-{own}"


def _run(name: str, *options: str) -> tuple[str, ...]:
    return (
        shutil.which("docker") or "docker",
        *("run", "--rm", "--pull", "never", "--network", "host", "--name", name),
        *options,
    )


def _docker(*arguments: str) -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        ended = subprocess.run(
            [docker, *arguments], capture_output=True, timeout=ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0
