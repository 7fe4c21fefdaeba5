"""Settings come from the environment, are parsed once at start, and all faults are told together.

A service declares its own in `services/<name>/settings.py` by extending `Settings`; each field
carries its documentation, from which docs/settings.md is generated.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any, Self

import environs

PREFIX = "TIAOJIE_"


def setting(default: Any, doc: str, *, choices: tuple[Any, ...] = (), secret: bool = False) -> Any:
    """Declare a setting: its default, what it does (units included), what is allowed."""
    return dataclasses.field(
        default=default, metadata={"doc": doc, "choices": choices, "secret": secret}
    )


class SettingsError(ValueError):
    """Every unusable variable, one a line."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What every service needs. Variables are the field names in capitals behind TIAOJIE_."""

    environment: str = setting(
        "production",
        "`development` allows the development token issuer and keys; `production` refuses them.",
        choices=("development", "production"),
    )
    data_dir: Path = setting(Path(".data"), "Folder of local state (development issuer, spool).")
    mongo_url: str = setting(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0",
        "MongoDB of this service; a replica set (change streams need one).",
        secret=True,
    )
    mongo_prefix: str = setting("tiaojie_", "Databases are named prefix + service.")
    amqp_url: str = setting(
        "amqp://guest:guest@127.0.0.1:5672/%2F", "RabbitMQ of this service.", secret=True
    )
    public_url: str = setting("http://localhost:8000", "The gateway's address, used in links.")
    trusted_proxies: int = setting(
        0, "Reverse proxies in front whose X-Forwarded-For is believed; the gateway is one."
    )
    log_level: str = setting(
        "INFO", "Least level logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = setting(
        "json", "`json` for machines, `console` for people.", choices=("json", "console")
    )
    metrics_dir: str = setting("", "Folder where several web processes share their metrics.")
    listen_host: str = setting("127.0.0.1", "Address to listen on; 0.0.0.0 in a container.")
    worker_port: int = setting(0, "Port of a worker's health and metrics; 0 for none.")
    backend_timeout_seconds: float = setting(5.0, "Time-out of one call to a back-end, seconds.")
    stop_timeout_seconds: float = setting(20.0, "Time to finish and flush after SIGTERM, seconds.")
    prefetch: int = setting(500, "Messages a consumer holds unacknowledged.")
    batch_messages: int = setting(100, "Messages per micro-batch at most.")
    relay_batch: int = setting(500, "Documents whose outbox is published in one go.")
    relay_sweep_seconds: float = setting(1.0, "Safety net beside the change stream, seconds.")
    queue_max_length: int = setting(200_000, "Messages a queue holds before publishers wait.")
    outbox_limit: int = setting(100_000, "Unpublished documents before intake answers 503.")
    message_tries: int = setting(12, "Tries of a message before it is set aside as dead.")
    oidc_issuer: str = setting("", "Token issuer (`iss`). Empty in development: the local one.")
    oidc_audience: str = setting("tiaojie", "Expected `aud` of access tokens.")
    oidc_jwks: str = setting("", "URL or file of the issuer's JWKS.")
    sealing_keys: str = setting(
        "", "Keyring of personal data, `kid:base64,…`; the first seals, all open.", secret=True
    )
    contact_keys: str = setting(
        "", "Keyring of contact data in events and messages, same form.", secret=True
    )
    record_keys: str = setting(
        "", "Keyring of the words of records and documents of a case, same form.", secret=True
    )
    hashing_key: str = setting("", "Key of the keyed hashes, base64 of 32 bytes.", secret=True)

    @classmethod
    def load(cls) -> Self:
        """Parse the environment; raise SettingsError naming every variable that cannot be used."""
        env = environs.Env()
        values: dict[str, Any] = {}
        faults: list[str] = []
        hints = typing.get_type_hints(cls)
        for spec in dataclasses.fields(cls):
            name = PREFIX + spec.name.upper()
            if env.str(name, None) is None:
                continue
            try:
                values[spec.name] = _parse(env, name, hints[spec.name])
            except (environs.EnvError, ValueError) as error:
                faults.append(f"{name}: {error}")
                continue
            choices = spec.metadata["choices"]
            if choices and values[spec.name] not in choices:
                faults.append(f"{name}: one of {', '.join(map(str, choices))}")
        if faults:
            raise SettingsError("\n".join(faults))
        return cls(**values)

    @property
    def is_development(self) -> bool:
        return self.environment == "development"


def _parse(env: environs.Env, name: str, kind: Any) -> Any:
    if isinstance(kind, types.UnionType):
        kind = typing.get_args(kind)[0]
    readers: dict[Any, Any] = {
        bool: env.bool,
        int: env.int,
        float: env.float,
        str: env.str,
        Path: env.path,
    }
    return readers[kind](name)
