"""Runs the whole system on one machine: `make run` is `python -m deploy.local run`."""
