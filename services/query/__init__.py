"""query: answers how a case stands, how its history runs, how many there are, what the law says.

Owns      read models only: progress with history and facts, the directory of organisations,
          policies. All of it can be dropped and rebuilt from events and imports.
Emits     read_models.rebuild_requested
Consumes  application.* · case.* · organisation.*
"""
