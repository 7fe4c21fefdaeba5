"""Chat robots and push services: composed by Apprise, sent by us, against a stand-in on loopback."""

from __future__ import annotations

import importlib
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    NotNow,
    NotSent,
    OursToMend,
    RefusedForGood,
    TryLater,
)
from services.notify.channels.chat import HOSTS, Chat, is_robot
from services.notify.channels.push import Push
from services.notify.people.messages import Body
from shared.settings import SettingsError
from tests.builders.vendors import CLOSE, HANG, Http, Robot, vendor

WORDS = "【调解】案件（流水号：2634 6268 8508 6477）已指派给您，请及时办理。"
ROBOTS = {
    "dingtalk": (
        "dingtalk",
        "NotifyDingTalk",
        "dingtalk://a1b2c3d4",
        "/robot?access_token={token}",
    ),
    "wecombot": ("wecombot", "NotifyWeComBot", "wecombot://a1b2-c3d4", "/send?key={key}"),
    "feishu": ("feishu", "NotifyFeishu", "feishu://a1b2-c3d4", "/hook/{token}/"),
    "lark": ("lark", "NotifyLark", "lark://a1b2-c3d4", "/hook/"),
}
SECRETS = ("a1b2c3d4", "a1b2-c3d4")
AMPLE = 10.0
"""Seconds that an answer which is to come may take on a busy machine."""


@pytest.fixture
def stand_in():
    with vendor(Robot) as running:
        yield running


@pytest.fixture(params=sorted(ROBOTS))
def robot(request, stand_in, monkeypatch):
    """The address of a robot of each kind, whose host is the stand-in."""
    module, kind, address, path = ROBOTS[request.param]
    plugin = getattr(importlib.import_module(f"apprise.plugins.{module}"), kind)
    monkeypatch.setattr(plugin, "notify_url", stand_in.endpoint + path)
    return address


def say(
    address: str, *, hosts: Any = ("127.0.0.1",), words: str = WORDS, patience: float = AMPLE
) -> tuple[Accepted, int]:
    """The answer, and how often the message was fenced."""
    fences: list[int] = []
    chat = Chat(patience, hosts)
    return chat.send("m1", Body(address, "", words), lambda: fences.append(1)), len(fences)


def refused(send: Callable[[], Any]) -> tuple[type[NotSent], str]:
    with pytest.raises(NotSent) as refusal:
        send()
    return type(refusal.value), refusal.value.code


def test_a_robot_says_the_words_once(robot, stand_in):
    assert say(robot) == (Accepted(), 1)
    (order,) = stand_in.orders
    assert WORDS in json.dumps(order["told"], ensure_ascii=False)
    assert any(secret in order["path"] for secret in SECRETS)
    assert say(robot)[1] == 1, "a second message at once: nobody is made to wait by Apprise"


@pytest.mark.parametrize(
    "answer, kind, code",
    [
        (Http(200, b'{"errcode": 310000, "code": 19001}'), RefusedForGood, "robot_refused"),
        (Http(200, b'{"errcode": 130101, "code": 9499}'), NotNow, "robot_rate"),
        (Http(429), NotNow, "robot_rate"),
        (Http(404), RefusedForGood, "http_404"),
        (Http(302), HandedOverUnknown, "http_302"),
        (Http(502), HandedOverUnknown, "http_502"),
        (Http(503), TryLater, "http_503"),
        (HANG, HandedOverUnknown, "timeout"),
        (CLOSE, HandedOverUnknown, "connection"),
    ],
)
def test_an_answer_of_200_is_not_yet_yes_and_none_is_not_yet_no(
    robot, stand_in, answer, kind, code
):
    stand_in.will(answer)
    patience = 1.0 if answer is HANG else AMPLE
    assert refused(lambda: say(robot, patience=patience)) == (kind, code)
    assert stand_in.requests == 1


def test_a_refused_connection_hands_nothing_over(stand_in, monkeypatch):
    from apprise.plugins.dingtalk import NotifyDingTalk

    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    monkeypatch.setattr(NotifyDingTalk, "notify_url", f"http://127.0.0.1:{closed}/{{token}}")
    assert refused(lambda: say("dingtalk://a1b2c3d4")) == (TryLater, "connection")


def test_robots_speak_to_their_own_hosts_alone(robot, stand_in):
    assert refused(lambda: say(robot, hosts=HOSTS)) == (OursToMend, "host_not_allowed")
    assert stand_in.requests == 0


class Lost(Exception):
    """Somebody else has the message."""


def test_nothing_is_said_when_the_message_may_no_longer_be_sent(robot, stand_in):
    def lost() -> None:
        raise Lost

    with pytest.raises(Lost):
        Chat(AMPLE, ("127.0.0.1",)).send("m1", Body(robot, "", WORDS), lost)
    assert stand_in.requests == 0


@pytest.mark.parametrize(
    "address",
    ["json://127.0.0.1/", "jsons://example.com", "xml://127.0.0.1", "file:///etc/passwd", "form://x",
     "http://127.0.0.1/", "https://oapi.dingtalk.com/robot", "mailto://u:p@example.com", "dingtalk://",
     "dingtalk:// a", "dingtalk://a\nb", "exec://rm", "syslog://", "", "dingtalk://" + "a" * 500],
)  # fmt: skip
def test_anything_but_a_robot_of_the_list_is_no_address(address):
    assert not is_robot(address)
    assert refused(lambda: say(address)) == (RefusedForGood, "address")


@pytest.mark.parametrize(
    "address",
    ["dingtalk://a1b2c3", "dingtalk://SEC0123@a1b2c3", "feishu://a1-b2", "lark://a1-b2",
     "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"],
)  # fmt: skip
def test_robots_of_the_list_are_addresses(address):
    assert is_robot(address)


def test_apprise_writes_no_token_into_a_log(caplog):
    with caplog.at_level(logging.DEBUG):
        is_robot("dingtalk://secret!token")
        is_robot("dingtalk://a1b2c3/not-a-phone")
    assert caplog.text == ""


# --- pushes --------------------------------------------------------------------------------------


def push(template: str, device: str) -> Accepted:
    return Push(template, AMPLE).send("m1", Body(device, "", WORDS), lambda: None)


@pytest.mark.parametrize("scheme", ["bark", "ntfy"])
def test_a_push_goes_to_the_device_at_the_operators_service(stand_in, scheme):
    template = f"{scheme}://127.0.0.1:{stand_in.port}/{{device}}"
    assert push(template, "device-0001") == Accepted()
    assert "device-0001" in json.dumps(stand_in.orders)
    assert WORDS in json.dumps(stand_in.orders, ensure_ascii=False)


@pytest.mark.parametrize(
    "device",
    [
        "",
        "short",
        "../../admin",
        "device 0001",
        "device-0001?x=1",
        "device@host",
        "a" * 257,
        "设备设备设备设备设备",
    ],
)
def test_a_device_cannot_be_more_than_a_device(stand_in, device):
    template = f"bark://127.0.0.1:{stand_in.port}/{{device}}"
    assert refused(lambda: push(template, device)) == (RefusedForGood, "address")
    assert stand_in.requests == 0


@pytest.mark.parametrize(
    "template",
    ["json://push.example.cn/{device}", "barks://push.example.cn/", "barks://{device}/",
     "barks://push.example.cn/{device}/{device}", "{device}", "file:///{device}"],
)  # fmt: skip
def test_an_operators_address_that_cannot_be_used_is_named_at_start(template):
    with pytest.raises(SettingsError, match="TIAOJIE_PUSH_URL"):
        Push(template, AMPLE)


def test_apprise_is_not_loaded_before_it_is_needed():
    program = (
        "import sys, services.notify.channels.chat, services.notify.channels.push;"
        "sys.exit('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
