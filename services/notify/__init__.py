"""notify: tells people what happened to their case, each thing once.

Owns      recipients (sealed contact data of a serial number), messages to people, staff contacts.
Emits     nothing
Consumes  application.submitted · application.supplemented · application.contact_changed ·
          application.document_issued · phone.code_requested · case.* · warning.raised
"""
