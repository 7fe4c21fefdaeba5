"""intake: takes applications in, and never loses one.

Owns      applications (with everything personal, sealed), drafts, evidence files.
Emits     application.submitted · application.supplemented · application.evidence_received ·
          application.withdrawn
Consumes  case.* (to know whether an application is still open)
"""
