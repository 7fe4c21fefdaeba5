"""Keys, ports, the terminal and the accounts of the broker, each by itself."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import stat
from pathlib import Path

import pytest

from deploy.local import example, keys, rabbitmq
from deploy.local.failures import LocalFailure
from deploy.local.ports import answers, free_ports, is_free
from deploy.local.terminal import Terminal
from shared.sealing import Hasher, Keyring


def test_keys_are_made_once_for_their_owner_only_and_then_stay(tmp_path: Path) -> None:
    first = keys.keep(tmp_path / "new")
    assert keys.keep(tmp_path / "new") == first
    assert keys.keep(tmp_path / "other") != first
    mode = (tmp_path / "new" / keys.FILE_NAME).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_an_account_that_a_later_release_needs_joins_those_there_are(tmp_path: Path) -> None:
    before = keys.keep(tmp_path)
    kept = json.loads((tmp_path / keys.FILE_NAME).read_text())
    del kept["passwords"][keys.PARTNERS]
    (tmp_path / keys.FILE_NAME).write_text(json.dumps(kept))
    after = keys.keep(tmp_path)
    assert after.passwords[keys.PARTNERS]
    assert {**after.passwords, keys.PARTNERS: ""} == {**before.passwords, keys.PARTNERS: ""}


def test_keys_are_of_the_form_that_services_read(tmp_path: Path) -> None:
    made = keys.keep(tmp_path)
    sealed = Keyring.parse(made.sealing_keys).seal(b"a name", "context")
    assert Keyring.parse(made.sealing_keys).open(sealed, "context") == b"a name"
    Keyring.parse(made.contact_keys)
    Hasher.parse(made.hashing_key)
    assert len(set(made.passwords.values())) == len(made.passwords) == 6


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert answers(port)
    assert is_free(port)
    assert not answers(port)


def test_free_ports_are_different() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_password_hash_is_the_one_rabbitmq_computes() -> None:
    # The worked example of RabbitMQ's guide "Passwords": salt 908D C60A, password test12.
    salt = bytes.fromhex("908DC60A")
    expected = salt + hashlib.sha256(salt + b"test12").digest()
    assert base64.b64decode(rabbitmq.password_hash("test12", salt)) == expected
    assert (
        rabbitmq.password_hash("test12", salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    )


def test_definitions_give_each_user_its_reach_in_its_virtual_host() -> None:
    user = rabbitmq.User(name="intake", password="p", vhost="tiaojie", reach="^tiaojie")
    found = json.loads(json.dumps(rabbitmq.account_definitions((user,))))
    assert found["vhosts"] == [{"name": "tiaojie"}]
    assert found["permissions"] == [
        {
            "user": "intake",
            "vhost": "tiaojie",
            "configure": "^tiaojie",
            "write": "^tiaojie",
            "read": "^tiaojie",
        }
    ]
    assert "password" not in found["users"][0]


def test_a_step_prints_one_line_with_its_result() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    with terminal.step("MongoDB") as step:
        step.result = "port 8070"
    (line,) = stream.getvalue().splitlines()
    assert line.split() == ["✓", "MongoDB", "port", "8070", "0.0", "s"]


def test_a_step_that_fails_says_so_and_lets_the_failure_pass() -> None:
    stream = io.StringIO()
    with pytest.raises(LocalFailure), Terminal(stream).step("MongoDB"):
        raise LocalFailure("no")
    assert stream.getvalue().startswith("  ✗ MongoDB")


def test_a_failure_shows_the_end_of_its_log_and_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "mongod.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    told = str(LocalFailure("MongoDB did not start.", hint="free some disk", log=log)).splitlines()
    assert told[0] == "MongoDB did not start."
    assert told[1] == f"Log file: {log}"
    assert told[2:-1] == [f"    line {number}" for number in range(85, 100)]
    assert told[-1] == "What to do: free some disk"


def test_the_commands_to_try_name_the_example_that_is_there() -> None:
    root = Path(__file__).resolve().parents[3]
    told = "\n".join(example.next_steps("http://localhost:8000", root))
    assert "@deploy/local/example-application.json" in told
    assert json.loads(example.APPLICATION.read_text())["claims"]
