"""What administrators state about organisations, mediators and their rota."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from marshmallow import ValidationError

from services.routing.asked import ID
from services.routing.languages import LANGUAGES
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Code, Count, Date, Flag, Part, Parts, Str
from shared.contracts.schema import Body
from shared.contracts.vocabulary import CATEGORIES, ORGANISATION_KINDS
from shared.divisions import find
from shared.errors import FieldError, Text

SPECIALISMS = (*CATEGORIES, "women_workers", "psychological_support")
ROTA_KINDS = ("stationed", "on_call")

_UNKNOWN_DIVISION = Fault(
    "unknown_division",
    Text("没有找到该行政区划，请重新选择", "There is no such division; please choose again"),
)
_NO_WEEKDAYS = Fault(
    "not_applicable", Text("随叫随到不用填写轮驻日", "Who is on call has no weekdays")
)
_PHONE = r"\+?[0-9][0-9 ()\-]{2,30}[0-9](?: ?转 ?[0-9]{1,6})?"
_NUMBER = r"[0-9A-Z()/.]{5,32}"
_PREFIX = "[\u4e00-\u9fff]{2,20}"


class DivisionCode(Code):
    """The code of a division on the list; comes out with six or nine digits."""

    def __init__(self, title: str) -> None:
        super().__init__(title, "[0-9]{2,12}", fault_code=_UNKNOWN_DIVISION)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        found = find(super()._deserialize(value))
        if found is None:
            raise ValidationError(cast("Any", [_UNKNOWN_DIVISION]))
        return found.code


class Numbers(Parts):
    """Identity numbers or credit codes, of which the keyed hashes alone are kept."""

    def __init__(self, title: str) -> None:
        number = Code("证件号码或统一社会信用代码", _NUMBER, upper=True, compact=True)
        super().__init__(title, number, most=50, load_only=True)


def nothing_cleared(change: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """A change states new values: none of them is null."""
    for name, value in change.items():
        if value is None:
            yield fault("required").at(f"/{name}")


def serves_somewhere(change: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    if change.get("divisions") == []:
        yield fault("required").at("/divisions")


def rota_fits(rota: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    yield from _weekdays_fit(rota, "")


def own_rota_fits(mediator: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    yield from _weekdays_fit(mediator.get("rota") or {}, "/rota")


def _weekdays_fit(rota: Mapping[str, Any], pointer: str) -> Iterator[FieldError]:
    """Who is stationed says on which days, who is on call has none."""
    weekdays = rota.get("weekdays")
    if rota.get("kind") == "stationed" and not weekdays:
        yield fault("required").at(f"{pointer}/weekdays")
    if rota.get("kind") == "on_call" and weekdays:
        yield _NO_WEEKDAYS.at(f"{pointer}/weekdays")


class NewOrganisation(Body):
    """An organisation to be registered; without an id it is given one."""

    id = Code("调解组织编号", ID)
    kind = Choice("类型", ORGANISATION_KINDS, required=True)
    name = Str("名称", 200, required=True)
    phone = Code("电话", _PHONE, required=True)
    address = Str("地址", 300, required=True)
    divisions = Parts("服务地区", DivisionCode("行政区划"), most=500, required=True)
    categories = Parts("受理的争议类别（不填为全部）", Choice("争议类别", CATEGORIES), most=20)
    offers_choice = Flag("由申请人选择调解员")
    case_number_prefix = Code("案号前缀（不填由系统拟定）", _PREFIX)
    active = Flag("启用")


class OrganisationChange(Body):
    """What is to be different; what is not named stays."""

    kind = Choice("类型", ORGANISATION_KINDS)
    name = Str("名称", 200)
    phone = Code("电话", _PHONE)
    address = Str("地址", 300)
    divisions = Parts("服务地区", DivisionCode("行政区划"), most=500)
    categories = Parts("受理的争议类别（空为全部）", Choice("争议类别", CATEGORIES), most=20)
    offers_choice = Flag("由申请人选择调解员")
    case_number_prefix = Code("案号前缀", _PREFIX)
    active = Flag("启用")

    rules = (nothing_cleared, serves_somewhere)


class RotaEntry(Body):
    """When a mediator takes new cases: stationed on weekdays (Monday is 1), or on call."""

    kind = Choice("值班方式", ROTA_KINDS, required=True)
    weekdays = Parts("轮驻日", Count("星期", least=1, most=7), most=7)

    rules = (rota_fits,)


class NewMediator(Body):
    """A mediator; the id is the subject of the person's access tokens."""

    id = Code("调解员编号", ID)
    organisation = Code("调解组织编号", ID)
    name = Str("姓名", 60, required=True)
    capacity = Count("同时办案上限", most=500, required=True)
    rota = Part("值班", RotaEntry)
    divisions = Parts("服务地区（不填为组织的全部）", DivisionCode("行政区划"), most=500)
    specialisms = Parts("专长", Choice("专长", SPECIALISMS), most=20)
    languages = Parts("语言", Choice("语言", LANGUAGES), most=30)
    conflicts = Numbers("有利害关系的个人或单位")
    active = Flag("启用")

    rules = (own_rota_fits,)


class MediatorChange(Body):
    """What is to be different; what is not named stays.

    `conflicts` join those known, which are never shown; `ended_conflicts` leave them.
    """

    name = Str("姓名", 60)
    capacity = Count("同时办案上限", most=500)
    divisions = Parts("服务地区（空为组织的全部）", DivisionCode("行政区划"), most=500)
    specialisms = Parts("专长", Choice("专长", SPECIALISMS), most=20)
    languages = Parts("语言", Choice("语言", LANGUAGES), most=30)
    conflicts = Numbers("新增的有利害关系的个人或单位")
    ended_conflicts = Numbers("已消除的利害关系")
    active = Flag("启用")

    rules = (nothing_cleared,)


class OrganisationList(Body):
    """Filters of the list; `division` finds those that serve the place, at any level."""

    division = DivisionCode("行政区划")
    after = Code("上页末项", ID)


class MediatorList(Body):
    organisation = Code("调解组织编号", ID)
    after = Code("上页末项", ID)


class RotaOf(Body):
    """Whose rota; an organisation's administrator need not say. `on` is today unless stated."""

    organisation = Code("调解组织编号", ID)
    on = Date("日期")
