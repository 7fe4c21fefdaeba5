"""notify: tells people what happened to their case, each thing once.

Owns      recipients (sealed contact data of a serial number), messages to people.
Emits     nothing
Consumes  application.submitted · application.supplemented · case.*
"""
