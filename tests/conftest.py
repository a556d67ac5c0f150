"""What holds for every test: sockets reach this machine alone, and a slow machine fails nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A shared machine may be slow for a moment; that says nothing about the program.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
