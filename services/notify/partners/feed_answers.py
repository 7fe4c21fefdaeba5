"""What the feed answers, for the OpenAPI document of notify."""

from __future__ import annotations

from shared.contracts import answers as show
from shared.contracts.answers import Shown


class PartnerEvent(Shown):
    """A CloudEvent 1.0 as partners get it, whichever way; what `data` says is in the AsyncAPI
    document, by type."""

    specversion = show.text("1.0")
    id = show.text("unique: what has been seen is known by it")
    type = show.text("what happened", example="cn.tiaojie.case.accepted.v1")
    source = show.text("the service that says so")
    subject = show.text("serial number, or id of a directory entry")
    time = show.moment("when it happened")
    datacontenttype = show.text("application/json")
    sequence = show.text("orders the events of one subject and source; a gap is one not offered")
    division = show.text("division code of the place, empty for none")
    data = show.anything("the event's own fields")


class EventPage(Shown):
    """Events behind a cursor."""

    items = show.parts(PartnerEvent, "in the order of the log")
    next = show.text("the cursor to go on with, also when there is no event")
    more = show.flag("whether there is more at once; if not, it is worth waiting")
