"""The only doors to the world: each adapter keeps the contract of one port of the core."""
