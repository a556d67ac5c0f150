"""Discord in, Discord out: what people do in chat becomes a call of a use case."""
