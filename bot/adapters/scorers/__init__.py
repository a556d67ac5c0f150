"""Engines that read texts; each is a ``moderation.ports.Scorer``."""
