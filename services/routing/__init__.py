"""routing: gives every case an organisation and a mediator, and carries it on from there.

Owns      cases, organisations, mediators and their rota.
Emits     case.unassigned · case.organisation_assigned · case.mediator_assigned · case.withdrawn ·
          organisation.registered · organisation.changed
Consumes  application.submitted · application.supplemented · application.withdrawn · its own case.*
          (to give a mediator's capacity back)
"""
