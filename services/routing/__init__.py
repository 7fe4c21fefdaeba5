"""routing: gives every case an organisation and a mediator, and carries it on from there.

Owns      cases and their numbers, organisations, mediators and their rota.
Emits     case.* · organisation.registered · organisation.changed · warning.raised
Consumes  application.submitted · application.supplemented · application.answered ·
          application.withdrawn · its own case.accepted (to number the case) and case.not_accepted ·
          case.failed · case.withdrawn · case.closed (to give a mediator's capacity back) ·
          read_models.rebuild_requested (to tell again what it told)
"""
