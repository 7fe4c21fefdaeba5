"""intake: takes applications in, and never loses one.

Owns      applications (with everything personal, sealed), drafts, evidence files, documents,
          phone verifications, the log of who read what.
Emits     application.submitted · application.supplemented · application.evidence_received ·
          application.answered · application.contact_changed · application.document_issued ·
          application.withdrawn · phone.code_requested
Consumes  case.* (to know its status, who has it, what its parties are asked) ·
          read_models.rebuild_requested (to tell again what it told)
"""
