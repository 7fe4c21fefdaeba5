"""notify: tells people what happened to their case, each thing once, and partners what may be known.

Owns      recipients (sealed contact data of a serial number), messages to people, the wordings
          released for them, staff contacts; the log of partner events, subscriptions and their
          deliveries, partners' own queues.
Emits     subscription.paused · subscription.stopped · partner_queue.overflowed
Consumes  application.submitted · application.supplemented · application.contact_changed ·
          application.evidence_received · application.document_issued · application.withdrawn ·
          phone.code_requested · case.* · warning.raised · organisation.* · subscription.* ·
          partner_queue.overflowed
"""
