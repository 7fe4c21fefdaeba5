"""query: answers how a case stands and what the law says.

Owns      read models only: progress, the directory of organisations, policies. All of it can be
          dropped and rebuilt from events and imports.
Emits     nothing
Consumes  application.* · case.* · organisation.*
"""
