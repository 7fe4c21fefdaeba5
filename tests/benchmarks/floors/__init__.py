"""What the system is compared with: the least that could do the job, and the usual way."""
