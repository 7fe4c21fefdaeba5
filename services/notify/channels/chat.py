"""Chat: the robots of a desk's group in DingTalk, WeCom or Feishu, by the address that it has there.

An administrator states such an address, so it is anybody's text: it is one of these robots or nothing,
and only their own hosts are spoken to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from services.notify.channels import Accepted, RefusedForGood
from services.notify.channels.composing import Unusable, composed, hand_over
from services.notify.channels.transport import session
from services.notify.people.messages import Body

ROBOTS: Final[Mapping[str, tuple[str, str]]] = {
    "dingtalk": ("dingtalk", "NotifyDingTalk"),
    "feishu": ("feishu", "NotifyFeishu"),
    "lark": ("lark", "NotifyLark"),
    "wecombot": ("wecombot", "NotifyWeComBot"),
}
"""Schema of Apprise → its plugin."""

HOSTS: Final = frozenset(
    {"oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com", "qyapi.weixin.qq.com"}
)


def is_robot(address: str) -> bool:
    """Whether an address is that of a robot we would speak to."""
    try:
        composed(address, ROBOTS)
    except Unusable:
        return False
    return True


class Chat:
    """Messages through a robot; without receipts."""

    def __init__(self, timeout_seconds: float, hosts: Collection[str] = HOSTS) -> None:
        self._session = session(timeout_seconds)
        self._hosts = hosts

    def send(self, _reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        try:
            robot = composed(body.to, ROBOTS)
        except Unusable:
            raise RefusedForGood("address") from None
        words = f"{body.subject}\n\n{body.text}" if body.subject else body.text
        return hand_over(robot, words, self._session, self._hosts, handing_over)
